"""Headers that can be sent as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from logcapy.errors import ConfigError

#: Source: RFC 9110, 5.1 and 5.5; without a control character nothing can be put in after a value.
HTTP_HEADERS: Final = (r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", r"[\t\x20-\x7e\x80-\xff]*")
#: Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, Custom-Metadata
GRPC_METADATA: Final = (r"[0-9a-zA-Z_.-]+", r"[\x20-\x7e]*")


def check_headers(headers: Mapping[Any, Any], rule: tuple[str, str]) -> None:
    """Refuse what a transport would refuse with each request, quoting the value as it does so.

    Raises:
        ConfigError: A name or a value has characters that cannot be sent. It shows the name alone.
    """
    names, values = rule
    for name, value in headers.items():
        if not isinstance(name, str) or not re.fullmatch(names, name):
            raise ConfigError("headers", name, "names of letters, digits, - and _")
        if not isinstance(value, str) or not re.fullmatch(values, value):
            raise ConfigError("headers", f"{name}: [REDACTED]", "values of printable characters, on one line")
