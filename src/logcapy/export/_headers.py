"""Headers that can be sent as they are."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any, Final

from logcapy.errors import ConfigError

#: Source: RFC 9110, 5.1 and 5.5; without a control character nothing can be put in after a value.
HTTP_HEADERS: Final = (
    frozenset(string.ascii_letters + string.digits + "!#$%&'*+.^_`|~-"),
    frozenset("\t" + "".join(map(chr, (*range(0x20, 0x7F), *range(0x80, 0x100))))),
)
#: Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, Custom-Metadata
GRPC_METADATA: Final = (
    frozenset(string.ascii_letters + string.digits + "_.-"),
    frozenset(map(chr, range(0x20, 0x7F))),
)


def check_headers(headers: Mapping[Any, Any], rule: tuple[frozenset[str], frozenset[str]]) -> None:
    """Refuse what a transport would refuse with each request, quoting the value as it does so.

    Args:
        headers: What is to be sent.
        rule: The characters of names, and those of values.

    Raises:
        ConfigError: A name or a value has characters that cannot be sent. It shows the name alone.
    """
    names, values = rule
    for name, value in headers.items():
        if not isinstance(name, str) or not name or not names.issuperset(name):
            raise ConfigError("headers", name, "names of letters, digits, - and _")
        if not isinstance(value, str) or not values.issuperset(value):
            raise ConfigError("headers", f"{name}: [REDACTED]", "values of printable characters, on one line")
