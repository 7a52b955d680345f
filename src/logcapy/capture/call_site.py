"""Where something was called: the function and the place in it that a record names.

Source: https://opentelemetry.io/docs/specs/semconv/registry/attributes/code/
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

from logcapy.attributes import CODE_FILE_PATH, CODE_FUNCTION_NAME, CODE_LINE_NUMBER


class CallSite(NamedTuple):
    """A function, as a record names it.

    Args:
        module: Its module: the name of the logger.
        name: Its qualified name within the module.
        code: Its code; None for what is not written in Python.
    """

    module: str
    name: str
    code: CodeType | None

    @property
    def full_name(self) -> str:
        """``module.Class.method``."""
        return f"{self.module}.{self.name}"

    def attributes(self, traceback: TracebackType | None) -> Mapping[str, Any]:
        """``code.*``; the line is where the function was when it failed, else where it begins."""
        attributes: dict[str, Any] = {CODE_FUNCTION_NAME: self.full_name}
        if self.code is not None:
            attributes[CODE_FILE_PATH] = self.code.co_filename
            attributes[CODE_LINE_NUMBER] = self._line(traceback) or self.code.co_firstlineno
        return attributes

    def _line(self, traceback: TracebackType | None) -> int | None:
        while traceback is not None:
            if traceback.tb_frame.f_code is self.code:
                return traceback.tb_lineno
            traceback = traceback.tb_next
        return None


def site_of_function(function: Callable[..., Any]) -> CallSite:
    """The site of a function, a method, a partial, or an object that can be called."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__qualname__", None)
    if not isinstance(name, str):
        name = f"{type(function).__qualname__}.__call__"
    module = getattr(function, "__module__", None)
    return CallSite(module if isinstance(module, str) else "builtins", name, _code_of(function))


def is_kind(kind: Callable[[object], bool], function: Callable[..., Any]) -> bool:
    """Whether ``kind`` (``inspect.iscoroutinefunction``, say) is true of what runs when ``function`` is called."""
    while isinstance(function, functools.partial):
        function = function.func
    return kind(function) or kind(_called_by(function))


def site_of_frame(frame: FrameType) -> CallSite:
    """The site of a running function."""
    module = frame.f_globals.get("__name__")
    # Python 3.11 knows the qualified name; before, the bare one has to do.
    name = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)
    return CallSite(module if isinstance(module, str) else "unknown", name, frame.f_code)


def _code_of(function: Callable[..., Any]) -> CodeType | None:
    with suppress(ValueError):  # functions that wrap one another in a circle
        function = inspect.unwrap(function)
    code = getattr(function, "__code__", None) or getattr(_called_by(function), "__code__", None)
    return code if isinstance(code, CodeType) else None


def without_own_frames(error: BaseException, own: Mapping[str, Any]) -> BaseException:
    """An exception whose traceback no longer begins with frames of a module of ours.

    Args:
        error: Changed in place, and returned.
        own: The ``globals()`` of the module.
    """
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_globals is own:
        traceback = traceback.tb_next
    return error.with_traceback(traceback)


def _called_by(function: Callable[..., Any]) -> object:
    """The method that runs when an object is called; None if there is none."""
    return next((vars(kind)["__call__"] for kind in type(function).__mro__ if "__call__" in vars(kind)), None)
