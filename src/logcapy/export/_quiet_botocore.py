"""botocore tells each request with its headers, at DEBUG, and one of them is the session's token.

What LogCapy sends is nobody's to debug: while it does, in its thread, botocore says nothing. What the application does
with boto3 it may tell as ever.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_is_quiet: ContextVar[bool] = ContextVar("logcapy_quiet_botocore", default=False)


class _Filter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - whatever it says
        return not _is_quiet.get()


_filter = _Filter()


@contextmanager
def quiet_botocore() -> Iterator[None]:
    """Say nothing of what is done with botocore in the block."""
    for name in list(logging.root.manager.loggerDict):
        if name == "botocore" or name.startswith("botocore."):
            logging.getLogger(name).addFilter(_filter)  # which it does once
    token = _is_quiet.set(True)
    try:
        yield
    finally:
        _is_quiet.reset(token)
