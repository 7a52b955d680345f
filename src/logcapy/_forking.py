"""What a forked child does first. Nothing here keeps an object alive."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any

_calls: list[weakref.WeakMethod[Callable[[], Any]]] = []


def call_in_child(method: Callable[[], object]) -> None:
    """Call a bound method in each forked child, as long as its object lives; in the order of registration."""
    _calls.append(weakref.WeakMethod(method, _calls.remove))


def _call_all() -> None:
    for call in tuple(_calls):
        method = call()
        if method is not None:
            method()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_call_all)
