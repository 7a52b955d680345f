"""Credentials that are told by their shape, wherever they stand in a text.

A detector takes a text and returns it with its finds masked, the same object if there were none. Most texts hold
nothing: each detector first asks for a few characters that every find must have. Patterns have no quantifier
inside another one that could match the same characters, so time stays linear in the length of the text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Final, TypeAlias

from logcapy._later import compiled

from .masking import MASKED, Mask

#: What all of a group have in common; by it, what else has to be in a text before a pattern is tried, and the pattern.
Groups: TypeAlias = "tuple[tuple[str, tuple[tuple[str, str], ...]], ...]"


def _at_edge(prefix: str) -> str:
    r"""A pattern of ``prefix`` where it begins a word, or follows a newline written as ``\n`` or ``%0A``."""
    return rf"{prefix}(?:(?<![A-Za-z0-9]{prefix})|(?<=\\[nrt]{prefix})|(?<=%[0-9A-Fa-f]{{2}}{prefix}))"


#: What has to be in a text before a pattern is tried, and the pattern. Sources are the vendors' pages on
#: their tokens: docs.github.com "About authentication to GitHub", docs.gitlab.com "Token overview",
#: docs.slack.dev "Tokens", docs.stripe.com/keys, docs.aws.amazon.com IAM "unique identifiers",
#: docs.npmjs.com "About access tokens", twilio.com/docs/glossary/what-is-a-sid, core.telegram.org/bots/api,
#: developer.squareup.com "Access tokens", docs.databricks.com "Personal access tokens".
#: These may hold signs like "+", "=" and "." anywhere, so they need not hold a long word. A single sign is found in a
#: thirtieth of the time that a few take, so there is first one that all of a group have.
_SHAPES: Final[Groups] = (
    ("=", (("sig=", r"(?<=[?&;]sig=)[^\s&\"'<>]{6,}"),)),  # a shared access signature of Azure storage
    (
        "/",
        (
            ("hooks.slack.com/", r"(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{20,}"),
            ("/webhooks/", r"(?<=/webhooks/)[0-9]{17,20}/[A-Za-z0-9_-]{60,}"),  # Discord
        ),
    ),
    ("3", (("ATATT3", r"(?<![A-Za-z0-9])ATATT3[A-Za-z0-9_=-]{40,}"),)),
    (
        "_",
        (
            ("whsec_", r"whsec_[A-Za-z0-9+/=]{16,}"),
            ("glc_", _at_edge("glc_") + r"[A-Za-z0-9+/]{32,}={0,2}"),
            ("pscale_", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{30,}"),
        ),
    ),
    (
        ".",
        (
            ("dp.", r"(?<![A-Za-z0-9])dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{40,}"),
            (".atlasv1.", r"(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}"),
        ),
    ),
)
#: All others hold a word of fourteen characters, or of twenty. Translated, such a word is found in less time than it
#: takes to ask for all their hints.
_AS_WORD: Final = bytes(
    ord("w") if byte < 128 and (chr(byte).isalnum() or chr(byte) in "_-") else ord(" ") for byte in range(256)
)
_WORD: Final = b"w" * 14
_LONG_WORD: Final = b"w" * 20
#: Those that are one word of twenty characters or more.
_WORDS: Final = (
    ("AKIA", r"(?<![A-Z0-9])AKIA[A-Z0-9]{16}(?![A-Z0-9])"),
    ("ASIA", r"(?<![A-Z0-9])ASIA[A-Z0-9]{16}(?![A-Z0-9])"),
    ("AIza", r"AIza[A-Za-z0-9_-]{35,}"),
    ("dapi", r"(?<![A-Za-z0-9])dapi[a-f0-9]{32}(?:-[0-9])?(?![a-f0-9])"),
    ("SK", r"(?<![A-Za-z0-9])SK[a-f0-9]{32}(?![A-Za-z0-9])"),
    ("EAAA", r"(?<![A-Za-z0-9])EAAA[A-Za-z0-9_-]{60}"),
    (":AA", r"(?<![A-Za-z0-9])[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])"),
    ("dckr_", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    ("figd_", r"figd_[A-Za-z0-9_-]{35,}"),
)
#: Shapes by the last sign that is not a letter or digit, each group with what its members have in common.
_GROUPED_SHAPES: Final[Groups] = (
    (
        r"_[A-Za-z0-9_]{10}",
        (
            ("gh", r"gh[pousr]_[A-Za-z0-9]{20,}"),
            ("github_pat_", r"github_pat_[A-Za-z0-9_]{20,}"),
            ("k_live_", r"[sr]k_live_[A-Za-z0-9]{10,}"),
            ("k_test_", r"[sr]k_test_[A-Za-z0-9]{10,}"),
            ("npm_", r"npm_[A-Za-z0-9]{30,}"),
            ("hf_", _at_edge("hf_") + r"[A-Za-z0-9]{30,}"),
            ("shp", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32,}"),
            ("do", r"do[opr]_v1_[a-f0-9]{40,}"),
            ("glsa_", r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),
            ("lin_api_", r"lin_api_[A-Za-z0-9]{32,}"),
            ("ntn_", _at_edge("ntn_") + r"[A-Za-z0-9]{32,}"),
            ("rubygems_", r"rubygems_[a-f0-9]{40,}"),
            ("sbp_", _at_edge("sbp_") + r"[a-f0-9]{40,}"),
        ),
    ),
    (
        r"-[A-Za-z0-9_-]{10}",
        (
            ("gl", r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|soat|ffct|agent|oas)-[A-Za-z0-9_-]{20,}"),
            ("xox", r"xox[a-z]-[A-Za-z0-9-]{10,}"),
            ("xapp-", r"xapp-[A-Za-z0-9-]{10,}"),
            ("sk-", _at_edge("sk-") + r"(?=[A-Za-z_-]{0,64}[0-9])[A-Za-z0-9_-]{20,}"),
            ("pypi-", r"pypi-[A-Za-z0-9_-]{40,}"),
            ("key-", _at_edge("key-") + r"[a-f0-9]{32}(?![a-f0-9])"),
            ("sq0", r"sq0(?:atp|csp)-[A-Za-z0-9_-]{22,}"),
            ("PMAK-", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
            ("GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{20,}"),
            ("NRAK-", r"NRAK-[A-Z0-9]{27}"),
            ("AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
        ),
    ),
    (
        r"\.[A-Za-z0-9_-]{16}",
        (
            ("SG.", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
            ("ya29.", r"ya29\.[A-Za-z0-9_-]{20,}"),
            ("hv", r"(?<![A-Za-z0-9])hv[sbr]\.[A-Za-z0-9_-]{24,}"),
            ("pat", _at_edge("pat") + r"[A-Za-z0-9]{14}\.[a-f0-9]{64}"),  # Airtable
            (
                ".",
                r"(?<![A-Za-z0-9_.-])[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9_.-])",
            ),
        ),
    ),
)
#: RFC 7519 section 3 (JWS) and RFC 7516 section 3.1 (JWE); the first part is base64url of ``{"``.
_JWT: Final = r"eyJ[A-Za-z0-9_-]{8,}((?:\.[A-Za-z0-9_-]*){0,4})"
#: RFC 7468 section 10, and the PGP armor of RFC 9580. What has no end is masked to the end of the text.
_PRIVATE_KEY: Final = (
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?s:.*?)"
    r"(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)


def redact_tokens(text: str, mask: Mask) -> str:
    """Mask tokens of well-known make, JSON web tokens and private keys in PEM."""
    if "PRIVATE KEY" in text:
        text = compiled(_PRIVATE_KEY).sub(lambda found: mask(found[0], "private_key"), text)
    if "eyJ" in text:
        text = compiled(_JWT).sub(lambda found: mask(found[0], "jwt") if _is_jwt(found[1]) else found[0], text)
    for sign, shapes in _SHAPES:
        if sign in text:
            text = _masked(text, shapes, mask)
    words = text.encode("utf-8", "replace").translate(_AS_WORD)
    if _WORD not in words:
        return text
    if _LONG_WORD in words:
        text = _masked(text, _WORDS, mask)
    for common, shapes in _GROUPED_SHAPES:
        if compiled(common).search(text) is not None:
            text = _masked(text, shapes, mask)
    return text


def _masked(text: str, shapes: Iterable[tuple[str, str]], mask: Mask) -> str:
    for hint, pattern in shapes:
        if hint in text:
            text = compiled(pattern).sub(lambda found: mask(found[0], "token"), text)
    return text


def _is_jwt(rest: str) -> bool:
    return rest.startswith(".eyJ") or (rest.count(".") > 1 and len(rest) > 20)


#: RFC 3986 section 3.2.1, as far as the last ``@`` before a path; ``\/`` is how some JSON writers put a slash.
_USER_INFO: Final = r"(:(?:\\?/){2})(?!git@)([^\s/?#\"'<>]*)@"
#: A password with a raw ``/``, ``?`` or ``#``: what follows the colon is no port. The third group is taken whole:
#: without its last characters it could not be followed by an ``@`` either, so none of that is tried.
_RAW_USER_INFO: Final = r"(://)([^\s:/?#@\"'<>\[]{0,128}:(?![0-9]{1,5}(?:[/?#\s]|\Z))(?=([^\s@\"'<>]{1,128}))\3)@"

_ENDS_MASKED: Final = rf"://{MASKED}\Z"


def redact_user_info(text: str, mask: Mask) -> str:
    """Mask ``user:password`` in ``scheme://user:password@host``, however many ``@`` the password has."""
    if "@" not in text or ("//" not in text and "\\/" not in text):
        return text

    def masked(found: re.Match[str]) -> str:
        if compiled(_ENDS_MASKED).search(found[2]):  # that was the user-info, and this stands far before it
            return found[0]
        return f"{found[1]}{mask(found[2], 'user_info')}@"

    return compiled(_RAW_USER_INFO).sub(masked, compiled(_USER_INFO).sub(masked, text))


#: RFC 6750 section 2.1 and RFC 7617: a scheme and a token68.
_AUTHORIZATION: Final = r"((?i:bearer|basic)[ \t]{1,4})([A-Za-z0-9._~+/-]{6,}={0,2})"


def redact_authorization(text: str, mask: Mask) -> str:
    """Mask what follows ``Bearer`` and ``Basic`` if it is a token and not the next word of a sentence."""
    if "earer" not in text and "asic" not in text:
        return text

    def masked(found: re.Match[str]) -> str:
        scheme, token = found.groups()
        if not (_is_basic(token) if scheme[1] in "aA" else _is_bearer(token)):
            return found[0]
        return scheme + mask(token, "authorization")

    return compiled(_AUTHORIZATION).sub(masked, text)


def _is_bearer(token: str) -> bool:
    return len(token) >= 32 or any("0" <= character <= "9" for character in token)


def _is_basic(token: str) -> bool:
    token = token.rstrip("=")
    try:
        return b":" in base64.b64decode(token + "=" * (-len(token) % 4), validate=True)
    except binascii.Error:
        return False
