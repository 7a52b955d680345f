"""Where people and machines are reached: e-mail, telephone, Internet addresses."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

from logcapy._later import compiled

from .masking import Mask

#: RFC 5321 section 4.1.2 without quoted local parts; ``%40`` is the ``@`` of a query string. Not: ``name@1.2.3``,
#: ``icon@2x.png``, ``git@host``, ``getty@tty1.service``.
_EMAIL: Final = (
    r"(?<![\w.%+-])(?!git@)[\w.%+-]+(?:@|%40)(?![0-9]+\.[0-9]|[1-4]x\.)(?:[^\W_](?:[\w-]{0,62})\.){1,8}"
    r"(?!(?:service|socket|timer|target|mount|slice|scope)\b)[^\W\d_]{2,24}"
)


def redact_emails(text: str, mask: Mask) -> str:
    """Mask e-mail addresses."""
    if "@" not in text and "%40" not in text:
        return text
    return compiled(_EMAIL).sub(lambda found: mask(found[0], "email"), text)


#: ITU-T E.164: a plus sign and at most 15 digits; and the form of the North American Numbering Plan (nanpa.com), where
#: area and exchange begin with 2 to 9.
_INTERNATIONAL: Final = r"(?<![\w+])\+[1-9](?:[ .()/+-]{0,2}[0-9]){7,14}(?![0-9])"
_NORTH_AMERICAN: Final = (
    r"(?<![\w.+-])(?:1[ .-])?(?:\([2-9][0-9]{2}\)[ +]?|[2-9][0-9]{2}[.-])[2-9][0-9]{2}[.-][0-9]{4}(?![\w-])"
)


def redact_phones(text: str, mask: Mask) -> str:
    """Mask telephone numbers in their international form, and in the North American one with its separators."""
    if "+" in text:
        text = compiled(_INTERNATIONAL).sub(lambda found: mask(found[0], "phone"), text)
    if "-" in text or "." in text:
        text = compiled(_NORTH_AMERICAN).sub(lambda found: mask(found[0], "phone"), text)
    return text


#: RFC 3986 section 3.2.2 (dec-octet); RFC 4291 section 2.2, as far as a pattern can tell.
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4: Final = rf"(?<![\w.]){_OCTET}(?:\.{_OCTET}){{3}}(?![\w]|\.[0-9])"
_IPV6: Final = r"(?<![\w:.])[0-9A-Fa-f:]{2,39}(?![\w:]|\.[0-9])"


def redact_ip_addresses(text: str, mask: Mask) -> str:
    """Mask addresses of IPv4 and IPv6."""
    if "." in text:
        text = compiled(_IPV4).sub(lambda found: mask(found[0], "ip"), text)
    if ":" in text:
        text = compiled(_IPV6).sub(lambda found: mask(found[0], "ip") if _is_ipv6(found[0]) else found[0], text)
    return text


def _is_ipv6(text: str) -> bool:
    if text.count(":") < 2 or not any(character not in ":" for character in text):
        return False
    try:
        return ip_address(text).version == 6
    except ValueError:
        return False
