"""What the application wants to see on every record of a piece of work: ``with context(order_id=7): ...``.

One ContextVar holds a dict that is never changed in place, so each thread and each asyncio task has its own
values: a task starts with those of the code that started it, and what it binds stays with it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from functools import wraps
from types import MappingProxyType, TracebackType
from typing import Any, Final, TypeVar

from logcapy.draft import NOTHING_SHARED, Shared

from .serving import current_request

#: Under this name an exception remembers the values it left, and the request that they are of.
VALUES_MARK: Final = "_logcapy_values"

_DEEPEST = 16
_PLAIN = (str, bytes, bool, int, float, type(None))
_Function = TypeVar("_Function", bound=Callable[..., Any])

#: Never changed in place; read by ContextEnricher for each record.
bound_values: ContextVar[Shared] = ContextVar("logcapy_context", default=NOTHING_SHARED)


def current() -> Mapping[str, Any]:
    """The values that are bound where the caller runs; read-only."""
    return MappingProxyType(bound_values.get())


def bind(**values: Any) -> None:
    """Put values on every later record of this thread or task, up to the end of the request it serves.

    Args:
        **values: Attributes; ``**{"order.id": 7}`` for a name that is no identifier. Lists and mappings are
            copied now, objects become their text now: what changes later is not seen.
    """
    bound_values.set(Shared({**bound_values.get(), **_snapshots(values)}))


def unbind(*names: str) -> None:
    """Take values off again; a name that is not bound is passed over."""
    bound_values.set(Shared({name: value for name, value in bound_values.get().items() if name not in names}))


def clear() -> None:
    """Take every value off."""
    bound_values.set(NOTHING_SHARED)


class context:  # noqa: N801 - reads as the statement it is used in: with context(order_id=7)
    """Values for every record of a block, or of each call of a function: ``@context(job="nightly")``.

    At its end the block takes back what it has bound and nothing else: a value that it hid is seen again, and
    what :func:`bind` added within stays.

    Args:
        **values: As for :func:`bind`.
    """

    bind = staticmethod(bind)
    unbind = staticmethod(unbind)
    clear = staticmethod(clear)
    current = staticmethod(current)

    def __init__(self, /, **values: Any) -> None:
        self._values = _snapshots(values)
        self._hidden: list[dict[str, Any]] = []

    def __enter__(self) -> None:
        before = bound_values.get()
        self._hidden.append({name: before[name] for name in self._values if name in before})
        bound_values.set(Shared({**before, **self._values}))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            _remember_values(error)
        # No token is kept: a generator may be ended in another context, where a token could not be used.
        rest = {name: value for name, value in bound_values.get().items() if name not in self._values}
        bound_values.set(Shared({**rest, **self._hidden.pop()}))

    def __call__(self, function: _Function) -> _Function:
        """Bind the values around each call of a function or coroutine function.

        Raises:
            TypeError: The function is a generator, whose body runs after the call; use ``with`` inside it.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"context cannot decorate the generator {function.__qualname__}: use `with` inside it")
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def call(*args: Any, **kwargs: Any) -> Any:
                with context(**self._values):
                    return await function(*args, **kwargs)

        else:

            @wraps(function)
            def call(*args: Any, **kwargs: Any) -> Any:
                with context(**self._values):
                    return function(*args, **kwargs)

        return call  # type: ignore[return-value]


def values_behind(error: BaseException, request: object) -> Mapping[str, Any]:
    """The values that were bound where an exception left the innermost block of a request; empty if it left none."""
    left: tuple[object, Mapping[str, Any]] = (getattr(error, "__dict__", None) or {}).get(VALUES_MARK, (None, {}))
    return left[1] if left[0] is request else {}


def _remember_values(error: BaseException) -> None:
    request = current_request.get()
    if request is None:
        return
    with suppress(Exception):  # of an exception that lies about its very attributes
        marks = error.__dict__
        # One instance may be raised in many requests; what it left in another is not to be seen in this one.
        if marks.get(VALUES_MARK, (None,))[0] is not request:
            marks[VALUES_MARK] = request, bound_values.get()


def _snapshots(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _snapshot(value, 0) for name, value in values.items() if name}


def _snapshot(value: Any, depth: int) -> Any:
    """A value that later changes of the caller do not reach; sequences and sets become tuples."""
    if isinstance(value, _PLAIN):
        return value
    if depth < _DEEPEST:
        if isinstance(value, Mapping):
            return {str(key): _snapshot(item, depth + 1) for key, item in value.items() if key != ""}
        if isinstance(value, (list, tuple, set, frozenset)):
            return tuple(_snapshot(item, depth + 1) for item in value)
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - a hostile __str__ must not reach the application
        return f"<str() of {type(value).__name__} failed with {type(error).__name__}>"
