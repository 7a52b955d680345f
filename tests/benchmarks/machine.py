"""Where the figures come from: the machine and the versions of everything."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from datetime import datetime, timezone
from pathlib import Path

from .setups import SETUPS


def description(logcapy: Path) -> dict[str, str]:
    """What the report says of the place and time of a run."""
    versions = {name: importlib.metadata.version(name) for name in _distributions() if name != "logcapy"}
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": ", ".join([_logcapy(logcapy), *(f"{name} {version}" for name, version in versions.items())]),
    }


def _logcapy(folder: Path) -> str:
    """Its version, and whether hot modules of it are compiled."""
    found = importlib.metadata.distributions(name="logcapy", path=[str(folder)])
    version = next((one.version for one in found), "of this source tree")
    compiled = any(folder.glob("logcapy/**/*.so"))
    return f"logcapy {version} ({'with compiled modules' if compiled else 'plain Python'})"


def _distributions() -> list[str]:
    return list(dict.fromkeys(name for setup in SETUPS.values() for name in setup.distributions))


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if sys.platform == "linux" and information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
