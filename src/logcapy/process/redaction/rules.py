"""What each preset looks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .addresses import redact_emails, redact_ip_addresses, redact_phones
from .cards import redact_cards
from .identity import redact_ibans, redact_national_ids, redact_us_ssns
from .masking import Detector
from .tokens import redact_authorization, redact_tokens, redact_user_info

#: The groups that a preset stands for; all others are groups themselves.
_PRESETS: Final[Mapping[str, tuple[str, ...]]] = {
    "gdpr": ("email", "phone", "ip", "iban", "national_id", "birth"),
    "hipaa": ("email", "phone", "ip", "us_ssn", "birth", "health"),
}
#: The detectors of each group, in the order in which they run: an address in a URL is user-info first. ``birth`` and
#: ``health`` are told by their keys alone.
_DETECTORS: Final[Mapping[str, tuple[Detector, ...]]] = {
    "credentials": (redact_tokens, redact_user_info, redact_authorization),
    "pci": (redact_cards,),
    "email": (redact_emails,),
    "iban": (redact_ibans,),
    "us_ssn": (redact_us_ssns,),
    "national_id": (redact_national_ids,),
    "phone": (redact_phones,),
    "ip": (redact_ip_addresses,),
}


def groups_of(presets: Iterable[str]) -> tuple[str, ...]:
    """The groups of rules that presets stand for, each once."""
    return tuple(dict.fromkeys(group for preset in presets for group in _PRESETS.get(preset, (preset,))))


def detectors_of(groups: Iterable[str]) -> list[Detector]:
    """The detectors of groups, in the order in which they run."""
    groups = set(groups)
    return [detect for group, found in _DETECTORS.items() if group in groups for detect in found]
