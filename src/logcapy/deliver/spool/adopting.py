"""Taking over what dead processes have left, as far as there is room for it."""

from __future__ import annotations

from collections.abc import Callable

from logcapy._guard import describe_error, say

from .clock import Clock
from .disk import Disk
from .orphans import left_in
from .process_folder import ProcessFolder, lock_folder, process_folder_names
from .source import Source

_SECONDS = 30.0
#: Each holds descriptors open. The others' turn comes when one is sent.
_MOST_AT_ONCE = 16


class Adopting:
    """The orphans of one destination that this process sends.

    Args:
        disk: What to work with.
        clock: Tells when one was taken over.
        lost: Told the reason and the count of records that are gone.
        adopted: Told the count of records that were taken over.
    """

    def __init__(
        self, disk: Disk, clock: Clock, lost: Callable[[str, int], None], adopted: Callable[[int], None]
    ) -> None:
        self.sources: list[Source] = []
        self._disk = disk
        self._clock = clock
        self._lost = lost
        self._adopted = adopted
        self._next_time = float("-inf")

    def look_when_due(self, root: int, room: Callable[[], float]) -> float:
        """Every 30 s look for orphans.

        Args:
            root: The folder of the destination.
            room: Tells how many bytes may be taken over now.

        Returns:
            The seconds until it is due again.

        Raises:
            OSError: The disk fails.
        """
        remaining = self._next_time - self._clock.seconds()
        if remaining > 0:
            return remaining
        self._next_time = self._clock.seconds() + _SECONDS
        for name in process_folder_names(self._disk, root):
            if len(self.sources) >= _MOST_AT_ONCE:
                break
            try:
                folder = lock_folder(self._disk, root, name)
                if folder is not None:
                    self._take_over(folder, root, room())
            except OSError as error:  # one folder that cannot be read does not keep the others waiting
                say(
                    "spool_adopt", f"what an ended process left in {name} cannot be taken over: {describe_error(error)}"
                )
        return _SECONDS

    def remove_sent(self, root: int) -> None:
        """Remove those of which nothing is left: there is room for others."""
        for source in [source for source in self.sources if not source.backlog.records]:
            self.sources.remove(source)
            source.remove(self._disk, root)
            self._next_time = float("-inf")

    def end(self, root: int | None) -> None:
        """Leave them to other processes."""
        if root is not None:
            self.remove_sent(root)
        for source in self.sources:
            source.backlog.write_cursor()
            source.close(self._disk)

    def _take_over(self, folder: ProcessFolder, root: int, room: float) -> None:
        try:
            backlog = left_in(self._disk, folder.descriptor, self._lost)
            backlog.clear_away()
        except BaseException:
            folder.close(self._disk)
            raise
        source = Source(folder, backlog, self._clock, self._clock.now_ms())
        if not backlog.records:
            source.remove(self._disk, root)
        elif backlog.size_bytes > room:
            source.close(self._disk)
        else:
            self.sources.append(source)
            self._adopted(backlog.records)
            source.front(None)  # so that its age is known
