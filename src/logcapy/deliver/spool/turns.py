"""Which backlog is sent from next, and the frame that is being sent."""

from __future__ import annotations

from collections.abc import Callable

from .segment import Frame
from .source import Source

#: So many of its own frames go before one of an orphan's, where there are both: neither waits for ever.
_OWN_FRAMES_IN_TURN = 8


class Turns:
    """One frame is out at a time.

    Args:
        front: The next frame of a backlog, or None.
    """

    def __init__(self, front: Callable[[Source], Frame | None]) -> None:
        self.sending: Source | None = None
        self._frame: Frame | None = None
        self._front = front
        self._own_frames_sent = 0

    def next(self, orphans: list[Source], own: Source | None) -> Frame | None:
        """The frame to send: the same one while it is there."""
        order = [*([self.sending] if self.sending is not None else []), *self._by_turns(orphans, own)]
        self.forget()
        for source in order:
            frame = self._front(source)
            if frame is not None:
                self.sending, self._frame = source, frame
                source.backlog.is_sending = True
                return frame
        return None

    def done(self, frame: Frame) -> None:
        """Book a frame as sent, if it is the one that is out."""
        source = self.sending
        if source is None or self._frame is not frame:
            return
        self.forget()
        source.backlog.done(frame)
        self._own_frames_sent = self._own_frames_sent + 1 if source.taken_over_ms is None else 0

    def forget(self) -> None:
        """Nothing is being sent."""
        if self.sending is not None:
            self.sending.backlog.is_sending = False
        self.sending = self._frame = None

    def _by_turns(self, orphans: list[Source], own: Source | None) -> list[Source]:
        if own is None:
            return orphans
        return [*orphans, own] if self._own_frames_sent >= _OWN_FRAMES_IN_TURN else [own, *orphans]
