"""An exception folded to the lines that tell most: what it is, and where the application was."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from logcapy.attributes import EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE

from .colour import BOLD_RED, DIM, RED, Paint
from .escape import inert
from .received import Value

#: Puts colours into lines that belong together; gives back as many.
Highlight: TypeAlias = Callable[[Sequence[str]], Sequence[str]]

_SHOWN_FRAMES = 4
_HEADING = "Traceback (most recent call last):"
_FRAME = re.compile(r'^[ |]*File "([^"\n]*)", line (\d+)(?:, in (.*))?$', re.MULTILINE)
_NOT_THE_APPLICATION = re.compile(
    r"[\\/](?:site|dist)-packages[\\/]|[\\/]lib[\\/]python\d|[\\/]src[\\/]logcapy[\\/]|^<frozen ", re.IGNORECASE
)


def folded_exception(
    attributes: Mapping[str, Value], paint: Paint, *, full: bool, highlight: Highlight | None = None
) -> list[str]:
    """Lines to stand below a record, each indented by two spaces or more; none if it has no exception.

    Args:
        attributes: The record's.
        paint: Colours.
        full: Show the whole stack trace as it came, not only the last frames of the application.
        highlight: Colours for the whole stack trace.
    """
    kind, message, stack = (
        _text(attributes.get(key)) for key in (EXCEPTION_TYPE, EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE)
    )
    if not (kind or message or stack):
        return []
    colon = ": " if message else ""
    title = f"  {paint(inert(kind) or 'exception', BOLD_RED)}{colon}{paint(inert(message), RED)}"
    if full:
        lines = stack.rstrip("\n").split("\n") if stack else []
        lines = [inert(line.rstrip("\r")) for line in lines]
        return [
            title,
            *(f"    {line}" for line in (highlight(lines) if highlight else [paint(line, DIM) for line in lines])),
        ]
    return [title, *_folded_stack(stack, paint)]


def _text(value: Value) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _folded_stack(stack: str, paint: Paint) -> list[str]:
    frames = _FRAME.findall(stack.rpartition(_HEADING)[2])
    shown = [frame for frame in frames if not _NOT_THE_APPLICATION.search(frame[0])] or frames
    shown = shown[-_SHOWN_FRAMES:]
    lines = [f"    {_place(*frame, paint=paint)}" for frame in shown]
    left_out = len(_FRAME.findall(stack)) - len(shown)
    if left_out:
        lines.append("    " + paint(f"… {left_out} frame{'s' if left_out > 1 else ''} more", DIM))
    return lines


def _place(path: str, line: str, function: str, *, paint: Paint) -> str:
    """``shop/payments.py:41 in charge``: the last two parts of a path are enough to know a file by."""
    short = "/".join(re.split(r"[\\/]", path)[-2:])
    return f"{inert(short)}:{line}" + (paint(" in ", DIM) + inert(function) if function else "")
