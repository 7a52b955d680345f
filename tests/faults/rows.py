"""All rows, by number."""

from __future__ import annotations

from . import answers, callers, crash, disk, endings, folders, huge, outage, poison, secrecy, time_and_self
from .figure import LONG, ROWS, SHORT, Figure, Scale

__all__ = ["LONG", "ROWS", "SHORT", "Figure", "Scale"]

_MODULES = (answers, callers, crash, disk, endings, folders, huge, outage, poison, secrecy, time_and_self)
