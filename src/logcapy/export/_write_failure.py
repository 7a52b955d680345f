"""What it means where the system would not write."""

from __future__ import annotations

import errno
import os

from logcapy.types import Broken, Retry

#: What room or time may mend; all else is for somebody to mend.
_PASSING = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EAGAIN, errno.EINTR, errno.ENFILE, errno.EMFILE))


def write_failure(destination: str, error: OSError) -> Retry | Broken:
    """The outcome of a write that failed.

    Args:
        destination: What was written to.
        error: What the system said.
    """
    reason = f"{destination}: {os.strerror(error.errno) if error.errno else type(error).__name__}"
    return Retry(reason) if error.errno in _PASSING else Broken(reason)
