"""What values with fields have in common, written once and not made anew for each of them.

A dataclass compiles each of its methods, at 0.1 ms and more of the application's start (Python 3.11, by the number of
fields), and a frozen one has seven. Those that every process has are ``Value`` instead: dataclasses in all but that. To
make one takes 2 µs, so what each record has one of is a named tuple.
"""

from __future__ import annotations

import threading
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field
from inspect import Parameter, Signature
from typing import Any, ClassVar

from typing_extensions import dataclass_transform


class _SignatureOfFields:
    """What ``inspect.signature`` and the documentation see: a parameter for each field."""

    def __get__(self, instance: object, kind: type[Value]) -> Signature:
        parameters = [
            Parameter(
                one.name,
                Parameter.KEYWORD_ONLY if one.kw_only else Parameter.POSITIONAL_OR_KEYWORD,
                default=_default(one),
                annotation=one.type,
            )
            for one in kind._own.values()
        ]
        return Signature(sorted(parameters, key=lambda one: one.kind))


class _FieldsOfDataclass:
    """What ``fields()``, ``replace()`` and ``is_dataclass()`` look for: made for who asks, as few processes do."""

    def __get__(self, instance: object, kind: type[Value]) -> dict[str, Field[Any]]:
        if kind is Value:
            raise AttributeError(_FIELDS)
        with _making:  # once: dataclass() takes away what it reads
            if _FIELDS not in vars(kind):
                dataclass(init=False, repr=False, eq=False, match_args=False, kw_only=kind._is_kw_only)(kind)
            made: dict[str, Field[Any]] = vars(kind)[_FIELDS]
            return made


_FIELDS = "__dataclass_fields__"
_making = threading.RLock()


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Value:
    """A subclass is a frozen dataclass: made of its fields, checked by ``__post_init__``.

    Equal where all fields are; shown with all but those that are declared with ``repr=False``.
    """

    __dataclass_fields__ = _FieldsOfDataclass()
    __signature__ = _SignatureOfFields()
    _own: ClassVar[dict[str, Field[Any]]] = {}
    _by_position: ClassVar[tuple[str, ...]] = ()
    _is_kw_only: ClassVar[bool] = False

    def __init_subclass__(cls, *, kw_only: bool = False) -> None:
        cls._is_kw_only = kw_only
        cls._own = {name: one for base in reversed(cls.__mro__[1:]) for name, one in vars(base).get("_own", {}).items()}
        for name, annotation in cls.__annotations__.items():
            if not annotation.startswith("ClassVar"):
                said = vars(cls).get(name, MISSING)
                one: Field[Any] = said if isinstance(said, Field) else field(default=said)
                one.name, one.type, one.kw_only = name, annotation, kw_only
                cls._own[name] = one
        cls._by_position = tuple(name for name, one in cls._own.items() if not one.kw_only)

    def __init__(self, *given: object, **named: object) -> None:
        values = {**dict(zip(self._by_position, given, strict=False)), **named}
        if len(values) < len(given) + len(named) or not values.keys() <= self._own.keys():
            type(self).__signature__.bind_partial(*given, **named)  # says what is wrong, as of any function
        own = vars(self)
        for name, one in self._own.items():
            value = values[name] if name in values else _default(one)
            if value is Parameter.empty:
                raise TypeError(f"{type(self).__name__}() needs {name}")
            own[name] = value
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check the fields."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in vars(self) or not (name in self._own or name.startswith("_")):
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        vars(self)[name] = value

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def _shown(self) -> dict[str, object]:
        """What a text of it tells, by name."""
        return {one.name: getattr(self, one.name) for one in self._own.values() if one.repr}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._shown().items())})"


def _default(one: Field[Any]) -> Any:
    """What a field is where nothing is said; ``Parameter.empty`` for one that must be given."""
    if one.default_factory is not MISSING:
        return one.default_factory()
    return Parameter.empty if one.default is MISSING else one.default
