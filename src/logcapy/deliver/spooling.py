"""A batch on its way out with a spool: redacted, encoded, handed to the sender or put on disk."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from logcapy._attempts import DestinationState
from logcapy._guard import describe_error, say
from logcapy.config import DeliveryConfig
from logcapy.errors import SpoolError
from logcapy.exporter import Patience, PayloadExporter, Tally
from logcapy.types import Payload

from .completing import Waiting, complete
from .queue import RecordQueue
from .restarting import Inbox
from .sender import Sender
from .sending import DirectSending
from .spool import Spool

#: How often a flush looks how far the sender is.
_LOOK_SECONDS = 0.02
#: How long the worker sleeps at once while the sender is busy; it is woken when that has changed.
_TURN_SECONDS = 0.5


class SpoolSending:
    """Makes payloads on the worker's thread; what cannot be sent at once waits on disk.

    Args:
        exporter: Who encodes and sends.
        queue: Where the records come from; how full it is decides what goes to disk.
        inbox: Wakes the worker, which waits here for the sender.
        settings: The spool's.
        state: Told of what happens.
        patience: Its end is the end of all work.
        direct: What sends where there can be no spool.
        request_seconds: The bound on one request.
    """

    def __init__(
        self,
        exporter: PayloadExporter,
        queue: RecordQueue,
        inbox: Inbox,
        settings: DeliveryConfig,
        state: DestinationState,
        patience: Patience,
        direct: DirectSending,
        request_seconds: float,
    ) -> None:
        self._exporter = exporter
        self._queue = queue
        self._accounts = queue.accounts
        self._inbox = inbox
        self._settings = settings
        self._state = state
        self._patience = patience
        self._direct = direct
        self._request_seconds = request_seconds
        self._opening = threading.Lock()
        self._refused = False
        self._stopping = False
        self.spool: Spool | None = None
        self.sender: Sender | None = None

    def open(self) -> None:
        """Open the spool, and send what dead processes have left in it.

        Raises:
            SpoolError: The folder must not hold a spool.
        """
        with self._opening:
            if self.sender is not None:
                return
            settings, accounts = self._settings, self._accounts
            age = settings.spool_max_age
            assert settings.spool_dir is not None
            self.spool = Spool(
                Path(settings.spool_dir) / folder_name(self._exporter),
                max_bytes=settings.spool_max_bytes,
                max_age_seconds=None if age is None else age / 1000,
                fsync=settings.spool_fsync,
                evict_oldest=settings.overflow != "drop_newest",
                lost=accounts.lost_on_disk,
                adopted=accounts.adopted,
            )
            self.sender = Sender(
                self._exporter,
                self.spool,
                accounts,
                self._state,
                self._patience,
                self._request_seconds,
                self._inbox.wake,
            )
        self.sender.wake()

    def send(self, batch: Sequence[Waiting]) -> None:
        """Encode a batch and hand its payloads on."""
        sender, spool = self._ready()
        if sender is None or spool is None:
            self._direct.send(batch)
            return
        payloads = self._encode(batch)
        if self._settings.spool_mode == "always" or self._stopping:
            payloads = self._store(payloads)
        for payload in payloads:
            self._hand_on(payload)
        self.rest_seconds()

    def rest_seconds(self) -> float | None:
        """Look after the disk where the sender cannot, as it waits for an answer."""
        if self.spool is None or self.sender is None or self.sender.is_free:
            return None
        return self.spool.tend()

    def failed(self) -> None:
        """What was in the worker's hands is lost; what the sender has is not."""
        in_hand = self._accounts.in_hand - (self.sender.in_memory if self.sender is not None else 0)
        self._accounts.settle(Tally(dropped=Counter(export_failed=in_hand)))

    def flush(self, deadline: float) -> bool:
        """Wait until what the sender has, in memory and on disk, was delivered; what comes later need not be.

        Returns:
            False where the time was over first, or the destination fails and nobody will answer soon.
        """
        sender = self.sender
        if sender is None:
            return True
        target: int | None = None
        moves = -1
        while True:
            if moves != sender.moves:  # what moved from memory to disk is behind what came later
                moves = sender.moves
                target = sender.all_gone_at(deadline)
            if target is not None and self._accounts.gone >= target:
                return True
            now = time.monotonic()
            if now >= deadline or sender.waits_for_nobody or sender.rests_until >= deadline:
                return False
            time.sleep(min(_LOOK_SECONDS, deadline - now))

    def begin_end(self) -> None:
        """From now on all goes to disk: the process ends."""
        self._stopping = True

    def end(self, timeout_seconds: float) -> None:
        """Send what there is time for; the rest stays on disk for the next process."""
        if self.sender is not None and self.spool is not None:
            self.sender.end(timeout_seconds)
            self.spool.close()

    def _ready(self) -> tuple[Sender | None, Spool | None]:
        """Sender and spool; a forked child opens its own with its first batch."""
        if self.sender is None and not self._refused:
            try:
                self.open()
            except SpoolError as error:
                self._refused = True
                say("spool", f"records are sent from memory only: {error}")
        return self.sender, self.spool

    def _encode(self, batch: Sequence[Waiting]) -> list[Payload]:
        ready = complete(batch)
        tally = Tally(dropped=Counter(redaction_failed=len(batch) - len(ready)))
        payloads: list[Payload] = []
        try:
            payloads = list(self._exporter.encode(ready))
        except BaseException as error:  # noqa: BLE001 - also SystemExit: the worker must outlive its exporter
            tally.dropped["export_failed"] += len(ready)
            say("export_failed", f"{len(ready)} records could not be encoded: {describe_error(error)}")
        self._accounts.settle(tally)
        return payloads

    def _hand_on(self, payload: Payload) -> None:
        """Give a payload to the sender, to the disk, or, while the destination is well, wait for the sender."""
        assert self.sender is not None
        refused = False
        while not self.sender.offer(payload, past_backlog=refused):
            if not refused:
                if self._may_wait(self.sender):
                    self._inbox.wait(_TURN_SECONDS)
                    continue
                refused = bool(self._store([payload]))
                if not refused:
                    return
            if not self.sender.is_well or time.monotonic() >= self._patience.deadline(_TURN_SECONDS):
                self._drop(payload)
                return
            self._inbox.wait(_TURN_SECONDS)

    def _may_wait(self, sender: Sender) -> bool:
        """Whether the sender will be free soon, and the queue has room for what comes meanwhile."""
        assert self.spool is not None
        if self._stopping or sender.is_free or not sender.is_well or self.spool.records:
            return False
        return not self._queue.wakes_at(max(1, self._queue.capacity // 2))

    def _store(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Put payloads on disk; returns those that it did not take."""
        assert self.spool is not None
        assert self.sender is not None
        left = list(payloads)
        stored = self.spool.append([(payload.body, len(payload.records)) for payload in left])
        self._accounts.stored(stored)
        while stored > 0:
            stored -= len(left.pop(0).records)
        self.sender.wake()
        return left

    def _drop(self, payload: Payload) -> None:
        assert self.spool is not None
        reason, count = self.spool.refused_because or "spool_failed", len(payload.records)
        self._accounts.settle(Tally(dropped=Counter({reason: count})))
        say(reason, f"{count} records were dropped: the destination fails, and the disk takes no more ({reason})")


def folder_name(exporter: PayloadExporter) -> str:
    """The folder of a destination: its exporter and its place, so that what is read back is sent where it belongs."""
    place = hashlib.sha256(exporter.destination.encode()).hexdigest()[:12]
    return f"{exporter.name}-{place}"
