"""Who belongs to an exception: its causes and contexts, as Python would print them, and the leaves of groups."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any


def members(exception: BaseException) -> Iterator[BaseException]:
    """The exception, then all that would be printed with it, nearest first, each once. May be very many."""
    seen: set[int] = set()
    waiting: deque[BaseException] = deque([exception])
    while waiting:
        member = waiting.popleft()
        if id(member) in seen:
            continue
        seen.add(id(member))
        yield member
        before, _ = _before(member)
        if before is not None:
            waiting.append(before)
        waiting.extend(_group(member))


def causes_of(exception: BaseException, most: int) -> Iterator[tuple[BaseException, bool]]:
    """The exception and what led to it, newest first; with each, whether it is the cause of the one before."""
    seen: set[int] = set()
    link: BaseException | None = exception
    is_cause = False
    while link is not None and id(link) not in seen and len(seen) < most:
        seen.add(id(link))
        yield link, is_cause
        link, is_cause = _before(link)


def leaves_of(exception: BaseException, most: int) -> Iterator[BaseException]:
    """What is in a group, at any depth, that is no group itself; nothing of an exception that is none."""
    seen: set[int] = {id(exception)}
    waiting: list[Iterator[BaseException]] = [iter(_group(exception))]
    found = 0
    while waiting and found < most and len(seen) < 100 * most:
        leaf = next(waiting[-1], None)
        if leaf is None:
            waiting.pop()
        elif id(leaf) not in seen:
            seen.add(id(leaf))
            inner = _group(leaf)
            if inner:
                waiting.append(iter(inner))
            else:
                found += 1
                yield leaf


def _before(exception: BaseException) -> tuple[BaseException | None, bool]:
    cause = exception.__cause__
    if cause is not None:
        return cause, True
    return (None if exception.__suppress_context__ else exception.__context__), False


def _group(exception: BaseException) -> tuple[BaseException, ...]:
    """The exceptions of a group, of Python's own or of the ``exceptiongroup`` package's for Python 3.10."""
    if not any(kind.__name__ == "BaseExceptionGroup" for kind in type(exception).__mro__):
        return ()
    exceptions: Any = getattr(exception, "exceptions", ())
    if not isinstance(exceptions, (tuple, list)):
        return ()
    return tuple(one for one in islice(exceptions, 10_000) if isinstance(one, BaseException))
