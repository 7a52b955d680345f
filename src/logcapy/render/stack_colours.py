"""Stack traces in the colours of Python, by rich where it is installed."""

from __future__ import annotations

import io
from collections.abc import Sequence

from .fold import Highlight


def stack_colours() -> Highlight | None:
    """What puts colours into the lines of a stack trace; None without rich."""
    try:
        from rich.console import Console
        from rich.syntax import Syntax
    except ImportError:
        return None
    # The colours of the user's theme, as all others here.
    syntax = Syntax("", "pytb", theme="ansi_dark", background_color="default")

    def highlight(lines: Sequence[str]) -> Sequence[str]:
        target = io.StringIO()
        console = Console(file=target, force_terminal=True, color_system="standard", legacy_windows=False)
        console.print(syntax.highlight("\n".join(lines)), soft_wrap=True, end="")
        found = target.getvalue().rstrip("\n").split("\n")
        return found if len(found) == len(lines) else lines

    return highlight
