"""What is told of an exception: its type, its message and its stack, bounded and whatever the exception does.

The stack is the text that Python prints. Where that could take long or fail, because of very many causes, leaves,
notes or frames, or because of a ``__str__`` that raises, a plainer text is written that keeps its bounds. Who belongs
to an exception is said here: its causes and contexts, as Python would print them, and the leaves of groups.
Source: https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Iterator
from itertools import islice
from types import TracebackType
from typing import Any, Final

from logcapy.attributes import EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE, TRUNCATED

from .stack_text import described


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


_MOST_FRAMES: Final = 200
LONGEST_STACKTRACE: Final = 64 * 1024
LONGEST_MESSAGE: Final = 16 * 1024
_MOST_MEMBERS: Final = 50
_MOST_LINKS: Final = 10
_MOST_LEAVES: Final = 15
_MOST_NOTES: Final = 20
_HEADER: Final = "Traceback (most recent call last):\n"
_CAUSE: Final = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT: Final = "\nDuring handling of the above exception, another exception occurred:\n\n"


def exception_attributes(exception: BaseException) -> dict[str, Any]:
    """``exception.type`` (qualified), ``.message`` and ``.stacktrace`` with causes, all bounded; never raises."""
    message = message_of(exception)
    stacktrace, cut = _stacktrace(exception)
    attributes: dict[str, Any] = {
        EXCEPTION_TYPE: type_of(exception),
        EXCEPTION_MESSAGE: message[:LONGEST_MESSAGE],
        EXCEPTION_STACKTRACE: stacktrace,
    }
    if cut or len(message) > LONGEST_MESSAGE:
        attributes[TRUNCATED] = True
    return attributes


def type_of(exception: BaseException) -> str:
    """The qualified name of an exception's type; a built-in one has its bare name."""
    return name_of_type(type(exception))


def name_of_type(kind: type[BaseException]) -> str:
    """The same, of a type."""
    name = plain(kind.__qualname__)
    module: object = kind.__module__
    return name if not isinstance(module, str) or module == "builtins" else f"{plain(module)}.{name}"


def message_of(exception: BaseException) -> str:
    """The text of an exception, whatever its ``__str__`` does."""
    try:
        return plain(str(exception))
    except Exception as error:  # noqa: BLE001 - a hostile __str__ must not cost the record
        return f"<str() failed with {type(error).__name__}>"


def plain(text: str) -> str:
    """A text without the methods that a subclass of ``str`` may have."""
    return text if type(text) is str else str.__str__(text)


def shortened(text: str) -> tuple[str, bool]:
    """A stack's text at its bound, and whether it was cut: beginning and end tell most."""
    if len(text) <= LONGEST_STACKTRACE:
        return text, False
    half = LONGEST_STACKTRACE // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}", True


def _stacktrace(exception: BaseException) -> tuple[str, bool]:
    try:
        last, left_out = _last_frames(exception.__traceback__)
        if not _is_usual(exception):
            text, cut = shortened("".join(_plain_lines(exception)))
            return text, True
        told = described(exception, last)
        text = "".join(told.format())
        if left_out:
            head, found, tail = text.rpartition(_HEADER)
            text = f"{head}{found}  ... {left_out} frames left out ...\n{tail}"
        if not hasattr(told, "__notes__"):  # Python 3.10, unless a backport of groups has taught it to
            text += "".join(f"{note}\n" for note in _notes(exception))
    except Exception:  # noqa: BLE001 - a hostile exception must not cost the record
        return _whatever_can_be_told(exception), True
    text, cut = shortened(text)
    return text, cut or left_out > 0


def _whatever_can_be_told(exception: BaseException) -> str:
    try:
        return shortened("".join(_plain_lines(exception)))[0]
    except Exception as error:  # noqa: BLE001 - see above
        return f"<the traceback could not be formatted: {type(error).__name__}>"


def _is_usual(exception: BaseException) -> bool:
    """Whether Python can be asked for the text: it looks at every cause, leaf, note and frame there is."""
    for count, member in enumerate(members(exception), 1):
        notes = getattr(member, "__notes__", None)
        if count > _MOST_MEMBERS or (notes is not None and not _are_usual(notes)):
            return False
        if member is not exception and _last_frames(member.__traceback__)[1]:
            return False
    return True


def _are_usual(notes: object) -> bool:
    return type(notes) is list and len(notes) <= _MOST_NOTES and all(type(note) is str for note in notes)


def _last_frames(entry: TracebackType | None) -> tuple[TracebackType | None, int]:
    """The traceback from where the last frames begin, and how many are before it: the last ones tell most."""
    count, walked = 0, entry
    while walked is not None:
        walked, count = walked.tb_next, count + 1
    left_out = max(0, count - _MOST_FRAMES)
    for _ in range(left_out):
        assert entry is not None
        entry = entry.tb_next
    return entry, left_out


def _plain_lines(exception: BaseException) -> Iterator[str]:
    """The chain, oldest first, of at most ten exceptions, each with at most fifteen leaves of its group."""
    chain = list(causes_of(exception, _MOST_LINKS))
    for index in range(len(chain) - 1, -1, -1):
        link, is_cause = chain[index]
        yield from _one(link)
        for number, leaf in enumerate(leaves_of(link, _MOST_LEAVES), 1):
            yield f"---------------- leaf {number} ----------------\n"
            yield from _one(leaf)
        if index:
            yield _CAUSE if is_cause else _CONTEXT


def _one(exception: BaseException) -> Iterator[str]:
    last, left_out = _last_frames(exception.__traceback__)
    if last is not None:
        yield _HEADER
        if left_out:
            yield f"  ... {left_out} frames left out ...\n"
        yield from traceback.format_tb(last)
    message = message_of(exception)
    yield f"{type_of(exception)}: {shortened(message)[0]}\n" if message else f"{type_of(exception)}\n"
    for note in _notes(exception):
        yield f"{note}\n"


def _notes(exception: BaseException) -> Iterator[str]:
    """The notes of PEP 678, as texts; what is no list of texts is told as far as that is safe."""
    try:
        notes = getattr(exception, "__notes__", None)
    except Exception as error:  # noqa: BLE001 - a property may be in its place
        yield f"<__notes__ failed with {type(error).__name__}>"
        return
    if notes is None:
        return
    if not isinstance(notes, (list, tuple)):
        yield f"<__notes__ is a {type(notes).__name__}>"
        return
    for note in tuple(notes[:_MOST_NOTES]):
        yield plain(note)[:LONGEST_MESSAGE] if isinstance(note, str) else f"<a note that is a {type(note).__name__}>"
    if len(notes) > _MOST_NOTES:
        yield f"... {len(notes) - _MOST_NOTES} notes left out ..."
