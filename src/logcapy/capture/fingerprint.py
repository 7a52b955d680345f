"""A short text that is the same for failures that are the same, so that a back end can put them together.

It is made of the frames of the application itself: not the standard library's, an installed package's or LogCapy's.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePath
from types import CodeType, FrameType, TracebackType
from typing import Final

from .describing import causes_of, leaves_of, type_of

_PACKAGES: Final = ("/site-packages/", "/dist-packages/")
_answers: dict[str, bool] = {}


def is_of_application(frame: FrameType) -> bool:
    """Whether a frame runs the application's own code."""
    path = frame.f_code.co_filename
    answer = _answers.get(path)
    if answer is None:
        answer = _decide(path)
        if len(_answers) >= 10_000:  # code that is compiled again and again under new names
            _answers.clear()
        _answers[path] = answer
    return answer


def _decide(path: str) -> bool:
    path = path.replace("\\", "/")
    return not (path.startswith(("<frozen ", *_libraries())) or any(part in path for part in _PACKAGES))


@cache
def _libraries() -> tuple[str, ...]:
    """The folders of the standard library and of LogCapy."""
    import sysconfig  # reads a large file

    paths = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), Path(__file__).parents[1])
    return tuple({Path(path).as_posix() + "/" for path in paths if path})


def last_application_frames(exception: BaseException, most: int) -> list[tuple[FrameType, int]]:
    """The last frames of the application that an exception passed, innermost last, with their lines.

    Where there are only others', these.
    """
    found: deque[tuple[FrameType, int]] = deque(maxlen=most)
    others: deque[tuple[FrameType, int]] = deque(maxlen=most)
    for frame, line in _frames(exception.__traceback__):
        (found if is_of_application(frame) else others).append((frame, line))
    return list(found or others)


def last_application_functions(exception: BaseException, most: int) -> list[FrameType]:
    """As :func:`last_application_frames`, but of each function only the last frame."""
    found: dict[CodeType, FrameType] = {}
    others: dict[CodeType, FrameType] = {}
    for frame, _ in _frames(exception.__traceback__):
        kept = found if is_of_application(frame) else others
        kept.pop(frame.f_code, None)
        kept[frame.f_code] = frame
    return list((found or others).values())[-most:]


def _frames(entry: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while entry is not None:
        yield entry.tb_frame, entry.tb_lineno
        entry = entry.tb_next


_MOST_FUNCTIONS: Final = 30
_MOST_LINKS: Final = 10
_MOST_LEAVES: Final = 100


def fingerprint(exception: BaseException) -> str:
    """16 hexadecimal digits made of the types of an exception and its causes and the functions they passed.

    Lines, messages, the place of the files and the frames of libraries do not count, nor does how often a
    function has called itself; so it holds across processes, machines, and releases that only move code.
    """
    digest = hashlib.sha256("\n".join(_parts(exception)).encode("utf-8", "backslashreplace"), usedforsecurity=False)
    return digest.hexdigest()[:16]


def fingerprint_or_none(exception: BaseException) -> str | None:
    """The fingerprint; None for a hostile exception that none can be made of."""
    try:
        return fingerprint(exception)
    except Exception:  # noqa: BLE001 - an attribute of it raises; it is told without a fingerprint
        return None


def _parts(exception: BaseException) -> Iterator[str]:
    for link, _ in causes_of(exception, _MOST_LINKS):
        yield f"type {type_of(link)}"
        # A group's leaves come in the order in which they failed.
        yield from sorted({f"leaf {type_of(leaf)}" for leaf in leaves_of(link, _MOST_LEAVES)})
        for frame in last_application_functions(link, _MOST_FUNCTIONS):
            yield _place(frame)


def _place(frame: FrameType) -> str:
    code = frame.f_code
    module = frame.f_globals.get("__name__")
    if not isinstance(module, str) or module == "__main__":
        module = PurePath(code.co_filename.replace("\\", "/")).stem
    # Python 3.10 has no qualified name here.
    return f"{module}.{getattr(code, 'co_qualname', code.co_name)}"
