"""Whether records get through, in words for people and a state for machines."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from .watch import RESTARTS, Losses
from .watched import Watched

State = Literal["healthy", "degraded", "failing"]

#: How long a destination may take nothing before it counts as failing.
FAILING_AFTER_SECONDS: Final = 30.0
#: How long records may wait on disk before that is told of: each one passes the disk where the spool is always used.
_SPOOL_WAIT_SECONDS: Final = 10.0
_ORDER: Final[tuple[State, ...]] = ("healthy", "degraded", "failing")


class Health(NamedTuple):
    """How delivery is doing at one moment.

    It says nothing of whether the application can serve: an application whose logs do not get through is not to be
    restarted for it.

    Args:
        state: The worst of the destinations'.

            - ``failing``: a destination has taken nothing for 30 seconds although records wait for it, or although it
              was tried and records were dropped in the last minute; or its queue was shut down, so that it takes no
              more records.
            - ``degraded``: the last attempt to send failed; or records were dropped in the last minute other than by
              sampling and the dropping of repeats; or records wait on disk for 10 seconds or more; or a queue's thread
              had to begin again in the last minute.
            - ``healthy``: none of these. An application that has logged nothing is healthy.

        reasons: Why it is not healthy, one sentence each, with the destination's name and without credentials.
        oldest_record_age_seconds: How long the oldest record waits, in memory or on disk; None where none waits.
        last_success_age_seconds: How long ago a destination took something; of several destinations the longest. None
            where one has taken nothing yet.
    """

    state: State = "healthy"
    reasons: tuple[str, ...] = ()
    oldest_record_age_seconds: float | None = None
    last_success_age_seconds: float | None = None

    @staticmethod
    def worst(parts: Iterable[Health]) -> Health:
        """The health of several destinations as one."""
        parts = list(parts)
        successes = [part.last_success_age_seconds for part in parts]
        known = [age for age in successes if age is not None]
        return Health(
            state=max((part.state for part in parts), key=_ORDER.index, default="healthy"),
            reasons=tuple(reason for part in parts for reason in part.reasons),
            oldest_record_age_seconds=max(
                (part.oldest_record_age_seconds for part in parts if part.oldest_record_age_seconds is not None),
                default=None,
            ),
            last_success_age_seconds=max(known) if known and len(known) == len(successes) else None,
        )


def health_of(name: str, queue: Watched, losses: Losses) -> Health:
    """The health of one destination.

    Args:
        name: What it is called in the reasons.
        queue: Its queue.
        losses: What has been lost of it; looked at now.
    """
    now = time.monotonic()
    stats = queue.stats()
    losses.look(stats, queue.restarts)
    recent = losses.recent()
    waits = stats.in_memory + stats.on_disk > 0
    silent = _failing(queue, waits_or_lost=waits or bool(recent), quiet_since=losses.begun, now=now)
    worries = [*_worries(queue, recent)]
    failing_reason = queue.failing_reason
    if not silent and failing_reason is not None:
        worries.insert(0, f"the last attempt to send failed: {failing_reason}")
    state: State = "failing" if silent else "degraded" if worries else "healthy"
    last_success = queue.last_success
    return Health(
        state=state,
        reasons=tuple(f"{name}: {worry}" for worry in (*silent, *worries)),
        oldest_record_age_seconds=queue.oldest_age_seconds,
        last_success_age_seconds=None if last_success is None else now - last_success,
    )


def _failing(queue: Watched, *, waits_or_lost: bool, quiet_since: float, now: float) -> list[str]:
    if queue.stopped:
        return ["it was shut down and takes no more records"]
    since, reason = queue.failing_since, queue.failing_reason
    if since is not None and reason is not None:
        if now - since < FAILING_AFTER_SECONDS or not waits_or_lost:
            return []
        return [f"nothing was taken for {now - since:.0f} s: {reason}"]
    # Nobody says that anything is wrong, and yet nothing happens: an exporter that hangs, a thread that cannot start.
    oldest = queue.oldest_age_seconds or 0.0
    quiet = now - max(quiet_since, queue.last_success or quiet_since)
    if min(oldest, quiet) < FAILING_AFTER_SECONDS + queue.schedule_delay_seconds:
        return []
    return [f"nothing was taken for {quiet:.0f} s, and the oldest record waits for {oldest:.0f} s"]


def _worries(queue: Watched, recent: dict[str, int]) -> Iterable[str]:
    for reason, count in recent.items():
        if reason == RESTARTS:
            yield f"its thread had to begin again in the last minute ({_times(count)})"
        else:
            yield f"{_records(count, 'was', 'were')} dropped in the last minute ({reason})"
    waiting, oldest = queue.spool_records, queue.oldest_age_seconds
    if waiting and oldest is not None and oldest >= _SPOOL_WAIT_SECONDS:
        yield f"{_records(waiting, 'waits', 'wait')} on disk, the oldest record for {oldest:.0f} s"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _records(count: int, one: str, many: str) -> str:
    return f"1 record {one}" if count == 1 else f"{count} records {many}"
