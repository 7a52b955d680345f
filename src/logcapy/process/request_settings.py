"""What is done with requests: set by whoever sets LogCapy up, read where a request is served.

Until then nothing is: no response is changed, no proxy is trusted, no record is made.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from logcapy._value import Value
from logcapy.config import OFF, LogCapyConfig

if TYPE_CHECKING:
    from .proxies import Networks


class RequestSettings(Value):
    """The settings of ``LogCapyConfig`` that concern requests, ready for use.

    Args:
        id_header: The lower-case name of the header that a request's id comes and goes in; None for none.
        trusted_proxies: The networks whose word on the client's address is believed.
        access_log: Whether each request is told of when its response has ended.
        user_hash_key: With what a user's id and a session's key are made tokens; empty for the id itself, no session.
    """

    id_header: str | None = None
    trusted_proxies: Networks = ()
    access_log: bool = False
    user_hash_key: bytes = b""


def use(config: LogCapyConfig | None) -> None:
    """Serve requests as a configuration says from now on; None for as without LogCapy."""
    global _settings
    if config is None:
        _settings = RequestSettings()
        return
    header = config.request_id_header.lower()
    networks = tuple(ip_network(one) for one in config.trusted_proxies)
    key = (config.user_hash_key or "").encode()
    _settings = RequestSettings(None if header == OFF else header, networks, config.access_log, key)


def request_settings() -> RequestSettings:
    """What holds now."""
    return _settings


_settings = RequestSettings()
