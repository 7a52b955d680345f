"""What each preset looks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .addresses import redact_emails, redact_ip_addresses, redact_phones
from .cards import redact_cards
from .masking import Detector
from .tokens import redact_authorization, redact_tokens, redact_user_info

#: The groups that a preset stands for; all others are groups themselves.
_PRESETS: Final[Mapping[str, tuple[str, ...]]] = {
    "gdpr": ("email", "phone", "ip", "iban", "national_id", "birth"),
    "hipaa": ("email", "phone", "ip", "us_ssn", "birth", "health"),
}
#: The detectors of each group, in the order in which they run: an address in a URL is user-info first. ``birth`` and
#: ``health`` are told by their keys alone. Those that are empty here are in ``identity``.
_DETECTORS: Final[Mapping[str, tuple[Detector, ...]]] = {
    "credentials": (redact_tokens, redact_user_info, redact_authorization),
    "pci": (redact_cards,),
    "email": (redact_emails,),
    "iban": (),
    "us_ssn": (),
    "national_id": (),
    "phone": (redact_phones,),
    "ip": (redact_ip_addresses,),
}


def groups_of(presets: Iterable[str]) -> tuple[str, ...]:
    """The groups of rules that presets stand for, each once."""
    return tuple(dict.fromkeys(group for preset in presets for group in _PRESETS.get(preset, (preset,))))


def detectors_of(groups: Iterable[str]) -> list[Detector]:
    """The detectors of groups, in the order in which they run."""
    groups = set(groups)
    detectors = dict(_DETECTORS)
    if not groups.isdisjoint(group for group, found in detectors.items() if not found):
        from . import identity  # which few applications need

        detectors["iban"] = (identity.redact_ibans,)
        detectors["us_ssn"] = (identity.redact_us_ssns,)
        detectors["national_id"] = (identity.redact_national_ids,)
    return [detect for group, found in detectors.items() if group in groups for detect in found]
