"""The secrets, all kinds together."""

from __future__ import annotations

from logcapy.config import REDACTION_PRESETS

from .credentials import CREDENTIALS
from .payment import ACCOUNTS, CARDS
from .personal import EMAILS, PERSONAL
from .secret import Kind, Secret
from .vendor_tokens import VENDOR_TOKENS

KINDS: tuple[Kind, ...] = (*VENDOR_TOKENS, *CREDENTIALS, *CARDS, *EMAILS, *ACCOUNTS, *PERSONAL)
#: The presets that the kinds ask for beside the default ones.
OPTIONAL_PRESETS = tuple(dict.fromkeys(kind.preset for kind in (*ACCOUNTS, *PERSONAL)))
#: No value is there twice.
SECRETS: tuple[Secret, ...] = tuple({secret.value: secret for kind in KINDS for secret in kind.secrets()}.values())
#: What is asked for where nobody asks, and all there is to ask for.
DEFAULT_PRESETS = ("credentials", "pci", "email")
ALL_PRESETS = (*DEFAULT_PRESETS, *(preset for preset in OPTIONAL_PRESETS if preset in REDACTION_PRESETS))
#: What LogCapy has no preset for is in no place where all presets are on.
ALL_SECRETS = tuple(secret for secret in SECRETS if secret.preset in ALL_PRESETS)
