"""The least severity of each logger, which may change while the application runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from logcapy._guard import describe_error, say
from logcapy.config.sampling import levels_of

_LOOK_SECONDS = 1.0
_MOST_LOGGERS = 4096
_MOST_BYTES = 65536


class Levels:
    """Says which severity a logger's records must have at least.

    Args:
        levels: Severity numbers by logger; that of all others is under the empty name.
    """

    def __init__(self, levels: Mapping[str, int]) -> None:
        self._known: dict[str, int] = {}
        self.levels: Mapping[str, int] = dict(levels)
        #: Told of levels that came later.
        self.changed: Callable[[Mapping[str, int]], None] = _nobody

    def use(self, levels: Mapping[str, int]) -> None:
        """Have these from now on."""
        self.levels = dict(levels)
        self._known = {}
        self.changed(self.levels)

    def least(self, logger: str) -> int:
        """The least severity of a logger: its own, else that of the nearest one above it."""
        known = self._known
        found = known.get(logger)
        if found is None:
            found = self._find(logger)
            if len(known) < _MOST_LOGGERS:
                known[logger] = found
        return found

    def _find(self, logger: str) -> int:
        levels, name = self.levels, logger
        while name and name not in levels:
            name = name.rpartition(".")[0]
        return levels.get(name, 0)


def _nobody(_levels: Mapping[str, int]) -> None:
    """Nobody wants to know."""


class LevelsFile:
    """A file of levels: looked at when a record comes, at most once a second, so that nothing wakes up for it.

    What cannot be read leaves the levels as they are, and is told.

    Args:
        path: Of the file: ``logger=severity``, with commas or line breaks between; ``#`` begins a comment.
        use: Told of the levels when they have changed.
    """

    def __init__(self, path: str, use: Callable[[Mapping[str, int]], None]) -> None:
        self._path = Path(path)
        self._use = use
        self._seen: tuple[int, int, int] | None = None
        self._next_look = 0.0
        self.look()

    def look(self) -> None:
        """Read the file if it has changed, unless that was looked at just now."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS
        try:
            found = os.stat(self._path)  # noqa: PTH116 - as it is done for many records, without another object
            seen = found.st_mtime_ns, found.st_size, found.st_ino
            if seen == self._seen:
                return
            self._seen = seen
            with self._path.open(encoding="utf-8") as file:
                lines = file.read(_MOST_BYTES).splitlines()
            texts = [text.strip() for line in lines for text in line.partition("#")[0].split(",")]
            self._use(levels_of(text for text in texts if text))
        except (OSError, ValueError) as error:
            say("levels_file", f"the levels stay as they are, {self._path} cannot be used: {describe_error(error)}")
