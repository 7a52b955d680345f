"""Libraries that are watched once the application imports them: nothing is imported for LogCapy's own sake."""

from __future__ import annotations

import sys
from collections.abc import Callable

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
