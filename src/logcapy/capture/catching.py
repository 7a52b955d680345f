"""``logcapy.catch``: what comes out of a function or a block becomes a record, with what it was called with."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from functools import update_wrapper
from types import TracebackType
from typing import Any, Final, Generic, Literal, ParamSpec, TypeAlias, TypeVar, overload

from logcapy._guard import describe_error, say
from logcapy.attributes import CALL_ARGUMENTS
from logcapy.errors import ConfigError

from .arguments import call_arguments
from .call_site import CallSite, site_of_frame, site_of_function
from .calling import caller_of
from .emitting import emit_exception
from .level import Level, severity_of

_P = ParamSpec("_P")
_R = TypeVar("_R")
_D = TypeVar("_D")
_Y = TypeVar("_Y")
_S = TypeVar("_S")
_F = TypeVar("_F", bound=Callable[..., Any])

ExceptionTypes: TypeAlias = "type[BaseException] | tuple[type[BaseException], ...]"

_NO_DEFAULT: Final = object()
#: They steer a program and are no errors: each passes unless it is named itself. So does asyncio's CancelledError.
_NEVER_UNNAMED: Final = (KeyboardInterrupt, SystemExit, GeneratorExit, StopIteration, StopAsyncIteration)


class _Catch:
    """What both kinds do. It is never changed, so threads, tasks and nested blocks may share one."""

    def __init__(
        self, types: ExceptionTypes, exclude: ExceptionTypes, level: Level, message: str | None, default: Any
    ) -> None:
        self._types = _exception_types("an exception to catch", types) or (Exception,)
        self._excluded = _exception_types("exclude", exclude)
        self._severity = severity_of(level)
        if message is not None and not isinstance(message, str):
            raise ConfigError("message", message, "a text, or None for one that names the function")
        self._message = message
        self._default = default

    def _is_meant(self, error: BaseException) -> bool:
        if not isinstance(error, self._types) or isinstance(error, self._excluded):
            return False
        # Importing asyncio takes 40 ms; where nobody has, there is no such exception.
        asyncio = sys.modules.get("asyncio")
        steering = _NEVER_UNNAMED if asyncio is None else (*_NEVER_UNNAMED, asyncio.CancelledError)
        return all(
            any(issubclass(named, kind) for named in self._types) for kind in steering if isinstance(error, kind)
        )

    def _tell(self, error: BaseException, site: CallSite, arguments: dict[str, Any]) -> None:
        attributes = dict(site.attributes(error.__traceback__))
        if arguments:
            attributes[CALL_ARGUMENTS] = arguments
        emit_exception(
            error,
            body=self._message or f"{site.name} failed",
            logger_name=site.module,
            severity=self._severity,
            attributes=attributes,
        )

    def _around(self, function: Any, *, swallows: bool, has_receiver: bool = False) -> Any:
        if isinstance(function, (staticmethod, classmethod)):
            is_class_method = isinstance(function, classmethod)
            inner = self._around(function.__func__, swallows=swallows, has_receiver=is_class_method)
            return type(function)(inner)
        if isinstance(function, type) or not callable(function):
            raise TypeError(
                f"catch cannot decorate {function!r}: a function, a method or another callable object is needed;"
                " @property goes above @catch, and a class has its methods decorated"
            )
        site = site_of_function(function)

        def told(error: BaseException, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
            if not self._is_meant(error):
                return False
            try:
                self._tell(error, site, call_arguments(function, args, kwargs, has_receiver=has_receiver))
            except Exception as failure:  # noqa: BLE001 - the application's own exception goes on, not this one
                say("catch", f"an exception of {site.full_name} could not be recorded: {describe_error(failure)}")
            return swallows

        call = caller_of(function, told, self._default)
        call.__name__, call.__qualname__ = site.name.rpartition(".")[2], site.name
        return update_wrapper(call, function)

    def _seen_in_block(self, error: BaseException | None, traceback: TracebackType | None) -> bool:
        """Whether the exception of a block was meant; it has been told of then."""
        if error is None or not self._is_meant(error):
            return False
        try:
            frame = traceback.tb_frame if traceback is not None else sys._getframe(2)
            self._tell(error, site_of_frame(frame), {})
        except Exception as failure:  # noqa: BLE001 - as above
            say("catch", f"an exception could not be recorded: {describe_error(failure)}")
        return True


class Recording(_Catch):
    """What ``catch()`` returns: a decorator and a context manager. Records exceptions, which go on."""

    def __call__(self, function: _F) -> _F:
        """Decorate a function of any kind."""
        return self._around(function, swallows=False)  # type: ignore[no-any-return]

    def __enter__(self) -> None:
        """Nothing to begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._seen_in_block(error, traceback)

    async def __aenter__(self) -> None:
        """Nothing to begin."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._seen_in_block(error, traceback)


class Swallowing(_Catch, Generic[_D]):
    """What ``catch(reraise=False)`` returns: a decorator and a context manager. Exceptions are recorded and end."""

    @overload
    def __call__(
        self, function: Callable[_P, Coroutine[Any, Any, _R]]
    ) -> Callable[_P, Coroutine[Any, Any, _R | _D]]: ...
    @overload
    def __call__(self, function: Callable[_P, AsyncGenerator[_Y, _S]]) -> Callable[_P, AsyncGenerator[_Y, _S]]: ...
    @overload
    def __call__(self, function: Callable[_P, Generator[_Y, _S, _R]]) -> Callable[_P, Generator[_Y, _S, _R | _D]]: ...
    @overload
    def __call__(self, function: Callable[_P, _R]) -> Callable[_P, _R | _D]: ...
    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a function of any kind."""
        return self._around(function, swallows=True)  # type: ignore[no-any-return]

    def __enter__(self) -> None:
        """Nothing to begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        return self._seen_in_block(error, traceback)

    async def __aenter__(self) -> None:
        """Nothing to begin."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        return self._seen_in_block(error, traceback)


@overload
def catch(  # type: ignore[overload-overlap]  # an exception's class is a callable too
    *types: ExceptionTypes,
    reraise: Literal[True] = ...,
    exclude: ExceptionTypes = ...,
    level: Level = ...,
    message: str | None = ...,
) -> Recording: ...
@overload
def catch(
    *types: ExceptionTypes,
    reraise: bool,
    exclude: ExceptionTypes = ...,
    level: Level = ...,
    message: str | None = ...,
) -> Swallowing[None]: ...
@overload
def catch(
    *types: ExceptionTypes,
    reraise: bool,
    default: _D,
    exclude: ExceptionTypes = ...,
    level: Level = ...,
    message: str | None = ...,
) -> Swallowing[_D]: ...
@overload
def catch(function: _F, /) -> _F: ...
def catch(
    *types: Any,
    reraise: bool = True,
    default: Any = _NO_DEFAULT,
    exclude: ExceptionTypes = (),
    level: Level = "error",
    message: str | None = None,
) -> Any:
    """Record what comes out of a function or a block: ``@catch``, ``@catch(...)``, ``with`` and ``async with``.

    One record an exception: its type, message and stack, where it happened, and what the function was called with
    (``logcapy.call.arguments``: bounded, and redacted like any attribute). Functions, coroutine functions,
    generators, async generators, methods, class and static methods, partials and callable objects stay what they
    are for ``inspect``. No frame of LogCapy is in the recorded stack.

    ``asyncio.CancelledError``, ``KeyboardInterrupt``, ``SystemExit``, ``GeneratorExit``, ``StopIteration`` and
    ``StopAsyncIteration`` steer a program: each passes unrecorded unless it is named itself. ``BaseException`` does
    not name them.

    Args:
        *types: Exceptions to record. Default: ``Exception``.
        reraise: Whether they go on. False: the block ends, the function returns ``default``.
        default: What the function returns instead; the object itself, at each call. Default: None.
        exclude: Exceptions that pass unrecorded.
        level: ``"trace"``, ``"debug"``, ``"info"``, ``"warning"``, ``"error"``, ``"critical"``, a level of ``logging``
            (10 to 50), or a ``SeverityNumber``.
        message: The record's body. Default: the function's name and "failed".

    Raises:
        ConfigError: An argument has a value that cannot be used.
        TypeError: What was decorated cannot be.
    """
    function = types[0] if len(types) == 1 and not isinstance(types[0], (type, tuple)) else None
    if type(reraise) is not bool:
        raise ConfigError("reraise", reraise, "True or False")
    if reraise and default is not _NO_DEFAULT:
        raise ConfigError("default", default, "only with reraise=False: otherwise nothing is returned")
    kind: type[Recording | Swallowing[Any]] = Recording if reraise else Swallowing
    made = kind(
        () if function is not None else _flat(types),
        exclude,
        level,
        message,
        None if default is _NO_DEFAULT else default,
    )
    return made if function is None else made(function)


def _flat(types: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(one for given in types for one in (given if isinstance(given, tuple) else (given,)))


def _exception_types(what: str, types: Any) -> tuple[type[BaseException], ...]:
    flat = _flat((types,))
    for one in flat:
        if not (isinstance(one, type) and issubclass(one, BaseException)):
            raise TypeError(f"{what} is {one!r}: an exception class or a tuple of them is needed")
    return flat
