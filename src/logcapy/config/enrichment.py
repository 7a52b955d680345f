"""What is added to records."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from logcapy._value import Value

from . import setting
from .checks import require, require_names, require_strings
from .sampling import SEVERITIES
from .setting import Setting

#: LogCapy's own; other packages may register further ones.
ENRICHERS = ("context", "request", "baggage", "thread", "task", "runtime")
DEFAULT_ENRICHERS = ("context", "request")
_ALLOWED = f"off, or any of {', '.join(ENRICHERS)}; baggage with LOGCAPY_BAGGAGE_KEYS"


class EnrichmentConfig(Value):
    """What is added to records. Each field is the variable ``LOGCAPY_<FIELD>``.

    Args:
        enrich: What is added to each record, of ``context``, ``request``, ``baggage``, ``thread``, ``task``,
            ``runtime``, and what other packages have registered as ``logcapy.processors``; ``()`` for nothing.
        baggage_keys: The entries of the baggage that ``baggage`` adds.
        runtime_severity: The least severity of the records that ``runtime`` adds to.
        user_hash_key: With it, ``user.id`` is a token (HMAC-SHA-256, 64 bits), the same for the same user, and Django's
            session has one too, ``session.id``. Never shown.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        Setting("enrich", ("LOGCAPY_ENRICH",), setting.names, _ALLOWED),
        Setting("baggage_keys", ("LOGCAPY_BAGGAGE_KEYS",), setting.names, "names, with commas between"),
        Setting("runtime_severity", ("LOGCAPY_RUNTIME_SEVERITY",), str.lower, f"one of {', '.join(SEVERITIES)}"),
        Setting("user_hash_key", ("LOGCAPY_USER_HASH_KEY",), str, "a text that is hard to guess", secret=True),
    )

    enrich: tuple[str, ...] = DEFAULT_ENRICHERS
    baggage_keys: tuple[str, ...] = ()
    runtime_severity: str = "warn"
    user_hash_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        require_strings("enrich", self.enrich)
        require_strings("baggage_keys", self.baggage_keys)
        needs_keys = "baggage" in self.enrich and not self.baggage_keys
        require("enrich", self.enrich, not needs_keys, "baggage only with baggage_keys, the entries that may be added")
        require_names("runtime_severity", (self.runtime_severity.lower(),), tuple(SEVERITIES))
        require("user_hash_key", "[REDACTED]", self.user_hash_key != "", "a text that is hard to guess")
