"""Finds the frame of a call. It is not compiled: compiled functions have no frames, and each depth would be another."""

from __future__ import annotations

from sys import _getframe
from types import FrameType


def calling_frame(depth: int) -> FrameType | None:
    """The frame so many calls up, 1 for the caller's own; None where Python was called from there by something else."""
    try:
        return _getframe(depth)
    except ValueError:
        return None
