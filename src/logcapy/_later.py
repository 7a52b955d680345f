"""What is made or imported when it is first needed, as most of it is in few processes and none of it at a start.

And libraries that are watched once the application imports them: nothing is imported for LogCapy's own sake.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from importlib import import_module

from wrapt import register_post_import_hook

from ._guard import describe_error, say_once


def when_imported(module: str, watch: Callable[[], Callable[[], None]], loss: str) -> Callable[[], None]:
    """Begin to watch a library when the application has imported it, now or later. Never raises.

    Args:
        module: The name.
        watch: Begins; returns what ends it.
        loss: What is lost where that fails; said on stderr.

    Returns:
        What ends it, or keeps it from beginning. wrapt's hooks have no way to be taken back.
    """
    wanted = True
    ends: list[Callable[[], None]] = []

    def begin(_: object) -> None:
        try:
            if wanted:
                ends.append(watch())
        except Exception as error:  # noqa: BLE001 - an exception would make the application's import fail
            say_once(f"import:{module}", f"{loss}: {describe_error(error)}")

    def end() -> None:
        nonlocal wanted
        wanted = False
        while ends:
            ends.pop()()

    if module in sys.modules:
        begin(sys.modules[module])
    else:
        register_post_import_hook(begin, module)
    return end


_lock = threading.RLock()


def importing() -> AbstractContextManager[object]:
    """To be held while something is imported that was not imported at the start.

    A fork waits for it: a child that is forked in the middle of an import has a module that is locked for good.
    """
    return _lock


def _begin_anew() -> None:
    """In a child, whose parent may not have waited: some servers fork without asking Python first."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lambda: _lock.acquire(), after_in_parent=lambda: _lock.release(), after_in_child=_begin_anew
    )

_awaited: list[str] = []


def with_first_record(*modules: str) -> None:
    """Have modules imported by the thread that sends, before it takes a record from its queue.

    So no caller waits for it, and where one cannot be imported (no file can be opened, say) the records wait until it
    can. Whoever needs one earlier imports it.
    """
    _awaited.extend(modules)


def import_awaited() -> None:
    """Import what waits for the first record; raises what an import raises, and the next call goes on there."""
    while _awaited:
        with importing():
            if _awaited:
                import_module(_awaited[-1])
                _awaited.pop()


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """One of LogCapy's own patterns, compiled when it is first needed: 0.1 to 1 ms each, of dozens.

    It is kept for good, so none that an application gives.
    """
    return re.compile(pattern)
