"""What LogCapy raises.

::

    LogCapyError
    ├── ConfigError              a setting is wrong; raised while setting up, never while logging
    ├── SpoolError               a folder must not hold a spool; raised while setting up, never while logging
    └── ExportError              a payload did not get through
        ├── PermanentExportError     sending it again cannot help
        └── RetryableExportError     sending it again may help
"""

from __future__ import annotations

from collections.abc import Iterable


class LogCapyError(Exception):
    """The root of every exception that LogCapy raises by itself."""


class ConfigError(LogCapyError, ValueError):
    """A setting has a value that cannot be used.

    Args:
        setting: The name the user wrote: a variable (``LOGCAPY_REDACT``) or a field (``redact``).
        value: What it was set to. Shown with ``repr``; never pass a credential.
        allowed: What would have been right, in words.
        nearest: A name or value close to what was written, if one was found.
    """

    def __init__(self, setting: str, value: object, allowed: str, *, nearest: str | None = None) -> None:
        self.setting = setting
        self.value = value
        self.allowed = allowed
        self.nearest = nearest
        hint = f"; did you mean {nearest!r}?" if nearest else ""
        super().__init__(f"{setting}={value!r} cannot be used: {allowed}{hint}")


class SpoolError(LogCapyError):
    """A folder must not, or cannot, hold a spool.

    Args:
        folder: Which one.
        reason: What is wrong with it.
        remedy: What to do about it, as a request.
    """

    def __init__(self, folder: str, reason: str, remedy: str) -> None:
        self.folder = folder
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"the spool folder {folder!r} cannot be used: {reason}; {remedy}")


class ExportError(LogCapyError):
    """A payload could not be delivered."""


class PermanentExportError(ExportError):
    """The destination will not take this payload, however often it is sent."""


class RetryableExportError(ExportError):
    """The destination may take this payload later."""


def nearest_name(name: str, names: Iterable[str]) -> str | None:
    """The one of ``names`` that ``name`` most likely was meant to be, or None."""
    import difflib  # most processes have no error to tell of

    found = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return found[0] if found else None
