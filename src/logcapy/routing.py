"""The routes to destinations: which records go there. Whoever has none does not import what follows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, NamedTuple

from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk._logs.export import LogRecordExporter

from ._guard import describe_error, say
from ._value import Value
from .config.sampling import levels_of
from .errors import ConfigError


class RoutedRecord(NamedTuple):
    """What a route sees of a record: what is known without writing it.

    Args:
        severity_number: OpenTelemetry's number; 0 for unknown.
        logger: The name.
        attribute: Gives the value of an attribute, of the record or of what surrounds it; None without one.
        tenant: Empty for none.
    """

    severity_number: int
    logger: str
    attribute: Callable[[str], Any]
    tenant: str


class Route(Value):
    """A destination for some records only: those for which everything that is given holds.

    Args:
        destination: As for ``LogCapyLogRecordProcessor``.
        minimum_severity: ``"error"``: that and above.
        logger: The name of a logger: its records and those of the loggers below it.
        attributes: The values that attributes must have.
        tenant: The record's tenant.
        when: Asked last. Where it raises the record goes.
        final: What goes here goes to none of the destinations after it.

    Raises:
        ConfigError: The severity is none.
    """

    destination: LogRecordExporter | LogRecordProcessor
    minimum_severity: str | None = None
    logger: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    tenant: str | None = None
    when: Callable[[RoutedRecord], bool] | None = None
    final: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.destination, (LogRecordExporter, LogRecordProcessor)):
            raise ConfigError("destination", self.destination, "an exporter or a processor of log records")
        self._least = levels_of([self.minimum_severity])[""] if self.minimum_severity else 0

    def takes(self, record: RoutedRecord) -> bool:
        """Whether a record goes this way."""
        if record.severity_number < self._least:
            return False
        if self.tenant is not None and record.tenant != self.tenant:
            return False
        if self.logger is not None and not f"{record.logger}.".startswith(f"{self.logger}."):
            return False
        if any(record.attribute(name) != value for name, value in self.attributes.items()):
            return False
        try:
            return self.when is None or bool(self.when(record))
        except Exception as error:  # noqa: BLE001 - a question that fails must not cost the record
            told = describe_error(error)
            say(f"route:{told}", f"a route could not be asked, the record goes: {told}")
            return True


#: What a processor takes for a destination.
Destination = LogRecordExporter | LogRecordProcessor | Route
