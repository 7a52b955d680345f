"""Forked processes of multiprocessing end by ``os._exit``, so nothing that waits for the interpreter's exit runs there.

``BaseProcess._bootstrap`` is what a process of any start method, of a ``Pool`` and of a ``ProcessPoolExecutor``
runs from its beginning to its end, its finalizers and the threads it waits for included: what waits is sent when it
returns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._methods import Method, Methods
from .ending import Ending


def finish_in_children(ending: Ending, begin: Callable[[], object]) -> Callable[[], None]:
    """Finish when a child process of multiprocessing has ended its work.

    Args:
        ending: What finishes.
        begin: Called in the child before its work.

    Returns:
        What takes it away again.
    """

    def bootstrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def _bootstrap(self: Any, *args: Any, **kwargs: Any) -> Any:
            if methods.active:
                begin()
            try:
                return original(self, *args, **kwargs)
            finally:
                if methods.active:
                    ending.finish()

        return _bootstrap

    methods = Methods(
        (Method("multiprocessing.process", "BaseProcess", "_bootstrap", bootstrap),),
        loss="the last records of child processes may be lost",
    )
    methods.install()
    return methods.uninstall
