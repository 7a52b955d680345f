"""Methods of frameworks that are replaced, when the framework is imported and not before."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from inspect import isfunction
from types import ModuleType
from typing import Any

from wrapt import register_post_import_hook

from logcapy._guard import describe_error, say_once
from logcapy._value import Value


class Method(Value):
    """Which method, and what it becomes."""

    module: str
    class_name: str
    name: str
    #: Is given the original and returns what takes its place.
    replacement: Callable[[Callable[..., Any]], Callable[..., Any]]


class _Replaced(Value):
    owner: Any
    name: str
    original: Callable[..., Any]
    replacement: Callable[..., Any]


class Methods:
    """Some methods, replaced together. No framework is imported: wrapt calls back when the application does it.

    Args:
        methods: Which.
        loss: What is lost where one of them is not as expected; said on stderr once for each framework.
    """

    def __init__(self, methods: tuple[Method, ...], loss: str) -> None:
        self._methods = methods
        self.loss = loss
        self._hooked: set[str] = set()
        self._replaced: dict[Method, _Replaced] = {}
        #: Whether replacements are wanted; one that somebody has wrapped stays and is to do nothing without.
        self.active = False

    def install(self, module: str | None = None) -> None:
        """Replace the methods of what is imported, now and later. Idempotent; never raises.

        Args:
            module: Those of this module alone; None for all.
        """
        self.active = True
        for name in dict.fromkeys(method.module for method in self._methods) if module is None else (module,):
            try:
                if name in sys.modules:
                    self._on_import(sys.modules[name])
                elif name not in self._hooked:
                    self._hooked.add(name)
                    register_post_import_hook(self._on_import, name)
            except Exception as error:  # noqa: BLE001 - the application runs without it
                self._say(name, error)

    def uninstall(self) -> None:
        """Put back what nobody has wrapped since."""
        self.active = False
        for method, replaced in list(self._replaced.items()):
            if vars(replaced.owner).get(replaced.name) is replaced.replacement:
                setattr(replaced.owner, replaced.name, replaced.original)
                del self._replaced[method]

    def _on_import(self, module: ModuleType) -> None:
        """The hook of wrapt, which has no way to be taken back."""
        if not self.active:
            return
        for method in self._methods:
            if method.module != module.__name__ or method in self._replaced:
                continue
            try:
                self._replaced[method] = _replace(getattr(module, method.class_name), method)
            except Exception as error:  # noqa: BLE001 - an exception would make the application's import fail
                self._say(method.module, error)

    def _say(self, module_name: str, error: Exception) -> None:
        framework = module_name.partition(".")[0]
        say_once(f"{self.loss}:{module_name}", f"{self.loss} of {framework}: {describe_error(error)}")


def _replace(owner: Any, method: Method) -> _Replaced:
    original = vars(owner)[method.name]
    if not isfunction(original):
        raise TypeError(f"{owner.__qualname__}.{method.name} is a {type(original).__name__}")
    replaced = _Replaced(owner, method.name, original, wraps(original)(method.replacement(original)))
    setattr(owner, method.name, replaced.replacement)
    return replaced
