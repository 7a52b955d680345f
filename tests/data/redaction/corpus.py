"""The secrets, all kinds together."""

from __future__ import annotations

from .credentials import CREDENTIALS
from .payment import ACCOUNTS, CARDS
from .personal import EMAILS, PERSONAL
from .secret import Kind, Secret
from .vendor_tokens import VENDOR_TOKENS

KINDS: tuple[Kind, ...] = (*VENDOR_TOKENS, *CREDENTIALS, *CARDS, *EMAILS, *ACCOUNTS, *PERSONAL)
#: No value is there twice.
SECRETS: tuple[Secret, ...] = tuple({secret.value: secret for kind in KINDS for secret in kind.secrets()}.values())
