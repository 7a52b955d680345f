"""What the configurations of destinations have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import ClassVar

from logcapy.config import setting
from logcapy.config.setting import MILLISECONDS, Setting, require, require_milliseconds


@dataclass(frozen=True, kw_only=True)
class DestinationConfig:
    """How one destination is reached. Each field is the variable ``LOGCAPY_<DESTINATION>_<FIELD>``.

    A subclass has ``rows`` for the fields that variables set. A field that must be set has a default that its
    ``__post_init__`` refuses.
    """

    rows: ClassVar[tuple[Setting, ...]] = ()


@dataclass(frozen=True, kw_only=True)
class HttpDestinationConfig(DestinationConfig):
    """How a destination is reached by HTTP.

    Args:
        headers: Sent with each request. Never shown.
        timeout: Milliseconds that one request may take.
        certificate: A file of CA certificates (PEM) to trust instead of the system's.
        client_key: The file of the client's private key (PEM), for mutual TLS.
        client_certificate: The file of the client's certificate (PEM), for mutual TLS.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 10000
    certificate: str | None = None
    client_key: str | None = None
    client_certificate: str | None = None

    def __post_init__(self) -> None:
        require_milliseconds("timeout", self.timeout)
        has_certificate = bool(self.client_key) <= bool(self.client_certificate)
        require("client_key", self.client_key, has_certificate, "set client_certificate too")


def row(
    destination: str,
    name: str,
    parse: Callable[[str], object],
    allowed: str,
    *,
    also: tuple[str, ...] = (),
    secret: bool = False,
) -> Setting:
    """The row of a destination's field.

    Args:
        destination: Its name in variables, ``LOKI``.
        name: The field's name.
        parse: See :class:`Setting`.
        allowed: See :class:`Setting`.
        also: A vendor's own variables, read where LogCapy's is not set.
        secret: See :class:`Setting`.
    """
    return Setting(name, (f"LOGCAPY_{destination}_{name.upper()}", *also), parse, allowed, secret)


def http_rows(destination: str) -> tuple[Setting, ...]:
    """The rows of :class:`HttpDestinationConfig`'s fields."""
    return (
        row(destination, "headers", setting.headers, "name=value, with commas between", secret=True),
        row(destination, "timeout", float, MILLISECONDS),
        row(destination, "certificate", setting.existing_file, "the path of a PEM file"),
        row(destination, "client_key", setting.existing_file, "the path of a PEM file"),
        row(destination, "client_certificate", setting.existing_file, "the path of a PEM file"),
    )


def destination_variables() -> set[str]:
    """The names of all destinations' variables. Imports every configuration, so it is asked only when it must be."""
    import pkgutil

    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(import_module(package).__path__):
        import_module(f"{package}.{module.name}")
    return {variable for kind in _subclasses(DestinationConfig) for one in kind.rows for variable in one.variables}


def _subclasses(kind: type[DestinationConfig]) -> set[type[DestinationConfig]]:
    direct = kind.__subclasses__()
    return {*direct, *(deeper for one in direct for deeper in _subclasses(one))}
