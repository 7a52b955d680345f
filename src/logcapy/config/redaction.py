"""Which secrets are taken out of records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from . import setting
from .checks import require_names, require_strings
from .setting import Setting

REDACTION_PRESETS = ("credentials", "pci", "email")


@dataclass(frozen=True, kw_only=True)
class RedactionConfig:
    """Which secrets are taken out of records. Each field is the variable ``LOGCAPY_<FIELD>``.

    Args:
        redact: The presets of redaction rules, of ``credentials``, ``pci``, ``email``; ``()`` for none.
        redact_keys: Names of attributes and parameters whose values are masked, beside the presets' own.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        Setting("redact", ("LOGCAPY_REDACT",), setting.names, f"off, or any of {', '.join(REDACTION_PRESETS)}"),
        Setting("redact_keys", ("LOGCAPY_REDACT_KEYS",), setting.names, "names of keys, with commas between"),
    )

    redact: tuple[str, ...] = REDACTION_PRESETS
    redact_keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_names("redact", self.redact, REDACTION_PRESETS)
        require_strings("redact_keys", self.redact_keys)
