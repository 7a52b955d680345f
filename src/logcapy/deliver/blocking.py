"""Whether a thread may be made to wait."""

from __future__ import annotations

import sys

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value


def may_block() -> bool:
    """False on a thread that runs an event loop, which all its tasks would wait with, and on one that exports."""
    events = sys.modules.get("asyncio.events")  # where it was never imported there is no loop
    if events is not None and events._get_running_loop() is not None:
        return False
    return not get_value(_SUPPRESS_INSTRUMENTATION_KEY)
