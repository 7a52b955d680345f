"""What a forked child does first. Nothing here keeps an object alive."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from types import MethodType
from typing import Any

# Not WeakMethod: while the interpreter ends, its callbacks find themselves gone and say so on stderr.
_calls: list[tuple[weakref.ref[Any], Callable[[Any], object]]] = []


def call_in_child(method: Callable[[], object]) -> None:
    """Call a bound method in each forked child, as long as its object lives; in the order of registration."""
    assert isinstance(method, MethodType)
    for call in tuple(_calls):
        if call[0]() is None:
            _calls.remove(call)
    _calls.append((weakref.ref(method.__self__), method.__func__))


def _call_all() -> None:
    for reference, function in tuple(_calls):
        owner = reference()
        if owner is not None:
            function(owner)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_call_all)
