"""Which secrets are taken out of records, and what stands in their place."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from logcapy._value import Value

from . import setting
from .setting import Setting, require, require_names, require_strings

REDACTION_PRESETS = ("credentials", "pci", "email")
#: All there are: the default ones, single kinds, and those that are named after a law and stand for several kinds.
ALL_PRESETS = (*REDACTION_PRESETS, "phone", "ip", "iban", "us_ssn", "national_id", "birth", "health", "gdpr", "hipaa")
REDACTION_ACTIONS = ("mask", "partial", "hash", "drop")


def _patterns(text: str) -> tuple[str, ...]:
    """Patterns with white space between, as commas belong to them; a space in one is written as its escape."""
    return tuple(text.split())


class RedactionConfig(Value, kw_only=True):
    """Which secrets are taken out of records. Each field is the variable ``LOGCAPY_<FIELD>``.

    Args:
        redact: The presets of redaction rules: ``credentials``, ``pci``, ``email``, ``phone``, ``ip``, ``iban``,
            ``us_ssn``, ``national_id``, ``birth``, ``health``, ``gdpr``, ``hipaa``; ``()`` for none.
        redact_keys: Names of attributes and parameters whose values are masked, beside the presets' own; one with ``*``
            is a pattern, and ``*`` alone means every attribute that ``redact_allow_keys`` does not name.
        redact_allow_keys: Names, or patterns, of keys that are no secrets whatever the rules on keys say. What stands
            under them is still searched.
        redact_patterns: Regular expressions for further secrets: ``name=pattern``, or the pattern alone. Of one with a
            group ``secret`` only that is masked.
        redact_action: What stands in the place of a secret: ``mask`` (``[REDACTED]``), ``partial``
            (``[REDACTED:*1111]``), ``hash`` (``[REDACTED:#0f3c…]``, the same for the same secret), or ``drop``, which
            leaves an attribute under a secret key out and masks what is inside a text.
        redact_hash_key: Of the hash, so that the tokens of several processes are the same. Never shown.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        Setting("redact", ("LOGCAPY_REDACT",), setting.names, f"off, or any of {', '.join(ALL_PRESETS)}"),
        Setting("redact_keys", ("LOGCAPY_REDACT_KEYS",), setting.names, "names of keys, with commas between"),
        Setting(
            "redact_allow_keys", ("LOGCAPY_REDACT_ALLOW_KEYS",), setting.names, "names of keys, with commas between"
        ),
        Setting("redact_patterns", ("LOGCAPY_REDACT_PATTERNS",), _patterns, "regular expressions, with spaces between"),
        Setting("redact_action", ("LOGCAPY_REDACT_ACTION",), str.lower, f"one of {', '.join(REDACTION_ACTIONS)}"),
        Setting("redact_hash_key", ("LOGCAPY_REDACT_HASH_KEY",), str, "a text that is hard to guess", secret=True),
    )

    redact: tuple[str, ...] = REDACTION_PRESETS
    redact_keys: tuple[str, ...] = ()
    redact_allow_keys: tuple[str, ...] = ()
    redact_patterns: tuple[str, ...] = ()
    redact_action: str = "mask"
    redact_hash_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        require_names("redact", self.redact, ALL_PRESETS)
        for name in ("redact_keys", "redact_allow_keys", "redact_patterns"):
            require_strings(name, getattr(self, name))
        require_names("redact_action", (self.redact_action,), REDACTION_ACTIONS)
        require("redact_hash_key", "[REDACTED]", self.redact_hash_key != "", "a text that is hard to guess")
