"""Secrets that are told by their shape, wherever they stand in a text.

A detector takes a text and returns it with its finds masked, the same object if there were none. Most texts hold
nothing: each detector first asks for a few characters that every find must have. Patterns have no quantifier
inside another one that could match the same characters, so time stays linear in the length of the text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final

#: What stands in the place of a secret.
MASK: Final = "[REDACTED]"

Detector = Callable[[str], str]


def _at_edge(prefix: str) -> str:
    r"""A pattern of ``prefix`` where it begins a word, or follows a newline written as ``\n`` or ``%0A``."""
    return rf"{prefix}(?:(?<![A-Za-z0-9]{prefix})|(?<=\\[nrt]{prefix})|(?<=%[0-9A-Fa-f]{{2}}{prefix}))"


def _shapes(*hints_and_patterns: tuple[str, str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((hint, re.compile(pattern)) for hint, pattern in hints_and_patterns)


#: What has to be in a text before a pattern is tried, and the pattern. Sources are the vendors' pages on
#: their tokens: docs.github.com "About authentication to GitHub", docs.gitlab.com "Token overview",
#: docs.slack.dev "Tokens", docs.stripe.com/keys, docs.aws.amazon.com IAM "unique identifiers",
#: docs.npmjs.com "About access tokens".
_SHAPES: Final = _shapes(
    ("AKIA", r"(?<![A-Z0-9])AKIA[A-Z0-9]{16}(?![A-Z0-9])"),
    ("ASIA", r"(?<![A-Z0-9])ASIA[A-Z0-9]{16}(?![A-Z0-9])"),
    ("AIza", r"AIza[A-Za-z0-9_-]{35,}"),
    ("sig=", r"(?<=[?&;]sig=)[^\s&\"'<>]{6,}"),  # a shared access signature of Azure storage
    ("hooks.slack.com/", r"(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{20,}"),
)
#: Shapes by the last sign that is not a letter or digit, each group with what its members have in common.
_GROUPED_SHAPES: Final = (
    (
        re.compile(r"_[A-Za-z0-9]{10}"),
        _shapes(
            ("gh", r"gh[pousr]_[A-Za-z0-9]{20,}"),
            ("github_pat_", r"github_pat_[A-Za-z0-9_]{20,}"),
            ("k_live_", r"[sr]k_live_[A-Za-z0-9]{10,}"),
            ("k_test_", r"[sr]k_test_[A-Za-z0-9]{10,}"),
            ("whsec_", r"whsec_[A-Za-z0-9+/=]{16,}"),
            ("npm_", r"npm_[A-Za-z0-9]{30,}"),
            ("hf_", _at_edge("hf_") + r"[A-Za-z0-9]{30,}"),
            ("shp", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32,}"),
            ("dop_v1_", r"dop_v1_[a-f0-9]{40,}"),
        ),
    ),
    (
        re.compile(r"-[A-Za-z0-9_-]{10}"),
        _shapes(
            ("glpat-", r"glpat-[A-Za-z0-9_-]{20,}"),
            ("xox", r"xox[a-z]-[A-Za-z0-9-]{10,}"),
            ("xapp-", r"xapp-[A-Za-z0-9-]{10,}"),
            ("sk-", _at_edge("sk-") + r"(?=[A-Za-z_-]{0,64}[0-9])[A-Za-z0-9_-]{20,}"),
            ("pypi-", r"pypi-[A-Za-z0-9_-]{40,}"),
        ),
    ),
    (
        re.compile(r"\.[A-Za-z0-9_-]{16}"),
        _shapes(
            ("SG.", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
            ("ya29.", r"ya29\.[A-Za-z0-9_-]{20,}"),
        ),
    ),
)
#: RFC 7519 section 3 (JWS) and RFC 7516 section 3.1 (JWE); the first part is base64url of ``{"``.
_JWT: Final = re.compile(r"eyJ[A-Za-z0-9_-]{8,}((?:\.[A-Za-z0-9_-]*){0,4})")
#: RFC 7468 section 10, and the PGP armor of RFC 9580. What has no end is masked to the end of the text.
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?s:.*?)"
    r"(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)


def redact_tokens(text: str) -> str:
    """Mask tokens of well-known make, JSON web tokens and private keys in PEM."""
    if "PRIVATE KEY" in text:
        text = _PRIVATE_KEY.sub(MASK, text)
    if "eyJ" in text:
        text = _JWT.sub(_mask_jwt, text)
    for hint, pattern in _SHAPES:
        if hint in text:
            text = pattern.sub(MASK, text)
    for common, shapes in _GROUPED_SHAPES:
        if common.search(text) is not None:
            for hint, pattern in shapes:
                if hint in text:
                    text = pattern.sub(MASK, text)
    return text


def _mask_jwt(match: re.Match[str]) -> str:
    rest = match[1]
    return MASK if rest.startswith(".eyJ") or (rest.count(".") > 1 and len(rest) > 20) else match[0]


#: RFC 3986 section 3.2.1, as far as the last ``@`` before a path; ``\/`` is how some JSON writers put a slash.
_USER_INFO: Final = re.compile(r"(:(?:\\?/){2})(?!git@)[^\s/?#\"'<>]*@")
#: A password with a raw ``/``, ``?`` or ``#``: what follows the colon is no port.
_RAW_PASSWORD: Final = re.compile(r"(://)[^\s:/?#@\"'<>\[]{0,128}:(?![0-9]{1,5}(?:[/?#\s]|\Z))[^\s@\"'<>]{1,128}@")


def redact_user_info(text: str) -> str:
    """Mask ``user:password`` in ``scheme://user:password@host``, however many ``@`` the password has."""
    if "@" not in text or ("//" not in text and "\\/" not in text):
        return text
    text = _USER_INFO.sub(rf"\1{MASK}@", text)
    return _RAW_PASSWORD.sub(rf"\1{MASK}@", text)


#: RFC 6750 section 2.1 and RFC 7617: a scheme and a token68.
_SCHEME_AND_TOKEN: Final = re.compile(r"(?i:(bearer|basic)[ \t]{1,4})([A-Za-z0-9._~+/-]{6,}={0,2})")


def redact_authorization(text: str) -> str:
    """Mask what follows ``Bearer`` and ``Basic`` if it is a token and not the next word of a sentence."""
    if "earer" not in text and "asic" not in text:
        return text
    return _SCHEME_AND_TOKEN.sub(_mask_credentials, text)


def _mask_credentials(match: re.Match[str]) -> str:
    scheme, token = match.groups()
    is_token = _is_basic(token) if scheme[1] in "aA" else len(token) >= 32 or any("0" <= c <= "9" for c in token)
    return match[0][: match.start(2) - match.start()] + MASK if is_token else match[0]


def _is_basic(token: str) -> bool:
    token = token.rstrip("=")
    try:
        return b":" in base64.b64decode(token + "=" * (-len(token) % 4), validate=True)
    except binascii.Error:
        return False


#: What every card number has: thirteen characters of digits and separators. Translated, a run of them is found in a
#: seventh of the time that a pattern takes.
_AS_DIGIT: Final = bytes(ord("0" if chr(byte) in "0123456789 +-" else ".") for byte in range(256))
_THIRTEEN: Final = b"0" * 13
#: Digits in one or in groups as cards are written, from each place where digits begin; the longest reading of each.
_GROUPS: Final = re.compile(
    r"[0-9](?<![0-9][0-9])(?=([0-9]{12,18}|[0-9]{2,5}(?:[ +-][0-9]{3,6}){1,5}(?:[ +-][0-9]{1,2})?)(?![0-9]))"
)
#: Issuer prefixes and the lengths they come in: ISO/IEC 7812, and the issuers' public ranges.
_ISSUERS: Final = tuple(
    (re.compile(prefix), lengths)
    for prefix, lengths in (
        ("4", (13, 16, 19)),  # Visa
        ("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),  # Mastercard
        ("3[47]", (15,)),  # American Express
        ("30[0-5]|3[689]", (14, 16, 19)),  # Diners Club
        (
            "35(?:2[89]|[3-8])|6011|64[4-9]|65|62|60|81|82|220[0-4]",
            (16, 17, 18, 19),
        ),  # JCB, Discover, UnionPay, RuPay, Mir
        ("50|5[678]|6304|67[0-9]{2}", (13, 14, 15, 16, 17, 18, 19)),  # Maestro
    )
)
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_card_number(digits: str) -> bool:
    """Whether ASCII digits have the length, issuer prefix and check digit (Luhn, ISO/IEC 7812-1 annex B) of a card."""
    if not any(len(digits) in lengths and prefix.match(digits) for prefix, lengths in _ISSUERS):
        return False
    numbers = [ord(digit) - 48 for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(_DOUBLED[number] for number in numbers[1::2])) % 10 == 0


def redact_cards(text: str) -> str:
    """Mask card numbers, written in one or in groups with single spaces, dashes or plus signs between."""
    if _THIRTEEN not in text.encode("utf-8", "replace").translate(_AS_DIGIT):
        return text
    parts: list[str] = []
    done = 0
    for found in _GROUPS.finditer(text):
        if found.end(1) <= done:  # within one that is masked
            continue
        size = _card_size(text, found.start(), found.end(1))
        if not size or found.start() + size <= done:
            continue
        if found.start() >= done:
            parts += (text[done : found.start()], MASK)
        done = found.start() + size
    return "".join((*parts, text[done:])) if parts else text


def _card_size(text: str, start: int, end: int) -> int:
    """How many characters from ``start`` are a card number, ending with any of the groups up to ``end``; or 0."""
    before = text[max(0, start - 2) : start]
    if before[-1:] == "." and before[:1].isdigit():  # the decimals of a number
        return 0
    while end - start > 12:
        digits = "".join(filter(str.isdigit, text[start:end]))
        if is_card_number(digits) and not _is_in_hash(text, start, end):
            return end - start
        end = max(text.rfind(separator, start, end) for separator in " +-")
    return 0


def _is_in_hash(text: str, start: int, end: int) -> bool:
    """Whether digits are a part of a longer hexadecimal number."""
    before = _WORD.match(text[max(0, start - 64) : start][::-1])
    after = _WORD.match(text, end, end + 64)
    around = (before[0] if before else "") + (after[0] if after else "")
    return bool(around) and (not _NOT_HEX.search(around) or around.endswith("x0"))


_WORD: Final = re.compile(r"[0-9A-Za-z]+")
_NOT_HEX: Final = re.compile(r"[^0-9a-fA-F]")

#: RFC 5321 section 4.1.2 without quoted local parts; ``%40`` is the ``@`` of a query string. Not: ``name@1.2.3``,
#: ``icon@2x.png``, ``git@host``, ``getty@tty1.service``.
_EMAIL: Final = re.compile(
    r"(?<![\w.%+-])(?!git@)[\w.%+-]+(?:@|%40)(?![0-9]+\.[0-9]|[1-4]x\.)(?:[^\W_](?:[\w-]{0,62})\.){1,8}"
    r"(?!(?:service|socket|timer|target|mount|slice|scope)\b)[^\W\d_]{2,24}"
)


def redact_emails(text: str) -> str:
    """Mask e-mail addresses."""
    if "@" not in text and "%40" not in text:
        return text
    return _EMAIL.sub(MASK, text)


#: The detectors of each preset, in the order in which they run: an address in a URL is user-info first.
DETECTORS: Final[dict[str, tuple[Detector, ...]]] = {
    "credentials": (redact_tokens, redact_user_info, redact_authorization),
    "pci": (redact_cards,),
    "email": (redact_emails,),
}
