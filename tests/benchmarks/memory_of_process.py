"""The memory of this process, as Linux tells it."""

from __future__ import annotations

from pathlib import Path


def resident_bytes() -> int:
    """What is in use now."""
    return _status("VmRSS")


def peak_bytes() -> int:
    """The most that was ever in use."""
    return _status("VmHWM")


def _status(name: str) -> int:
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0]) * 1024
