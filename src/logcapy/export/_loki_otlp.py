"""Records as Loki's OTLP endpoint takes them: what would cost a record, or its whole request, is made fit before.

What becomes a label is chosen by Loki's configuration, by the names of the resource's attributes. All other attributes
become the metadata of each entry, those of the resource too.
Source: https://grafana.com/docs/loki/latest/send-data/otel/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from logcapy.attributes import TRUNCATED
from logcapy.types import Payload, Record

from ._fields import Fields
from ._loki_entries import MAX_METADATA, MAX_METADATA_BYTES, Line, Metadata, cut, level_of, line_of
from .otlp import encode_logs

#: The names that Loki gives to what is no attribute; an attribute of that name gets a number.
_OF_LOKI = (
    *("severity_number", "severity_text", "scope_name", "scope_version", "trace_id", "span_id", "flags"),
    *("observed_timestamp", "dropped_attributes_count", "detected_level"),
)
_MOST_OF_RESOURCE = 48
_MOST_BYTES_OF_RESOURCE = 16 * 1024
_LONGEST_OF_LOKI = 1024
_MOST_RESOURCES = 64


@dataclass(frozen=True)
class _Origin:
    """A resource as it is sent, and the names that its attributes take from those of a record."""

    fields: Mapping[str, Any]
    resource: Resource
    metadata: Metadata


class LokiOtlp:
    """Makes ExportLogsServiceRequest messages that Loki takes as a whole."""

    def __init__(self) -> None:
        # By identity: records of one resource must share one here too, as a request says it once.
        self._origins: dict[int, _Origin] = {}

    def payloads(self, records: Iterable[tuple[Record, Fields, int]], max_bytes: int) -> Iterator[Payload]:
        """Requests with all records, in the order in which :func:`encode_logs` has them.

        Args:
            records: Each with its fields, and the timestamp that it gets.
            max_bytes: Of a request; 512 KiB or more, so that each record fits.
        """
        made = [(record, self._record(fields, timestamp)) for record, fields, timestamp in records]
        originals = {id(new): record for record, new in made}
        for payload in encode_logs([new for _, new in made], max_bytes):
            yield Payload(payload.body, [originals[id(new)] for new in payload.records])

    def _record(self, fields: Fields, timestamp: int) -> ReadableLogRecord:
        origin = self._origin(fields.resource)
        line = line_of(fields)
        record = LogRecord(
            timestamp=timestamp,
            observed_timestamp=fields.timestamp,
            trace_id=int(fields.trace_id or "0", 16),
            span_id=int(fields.span_id or "0", 16),
            severity_text=cut(fields.severity_text, _LONGEST_OF_LOKI) or None,
            severity_number=SeverityNumber(fields.severity_number),
            body=line.shown,
            attributes=_attributes(fields, line, origin.metadata),
        )
        return ReadableLogRecord(record, origin.resource, _scope(cut(fields.scope, _LONGEST_OF_LOKI)))

    def _origin(self, resource: Mapping[str, Any]) -> _Origin:
        known = self._origins.get(id(resource))
        if known is None:
            metadata = Metadata(_MOST_OF_RESOURCE + len(_OF_LOKI), _MOST_BYTES_OF_RESOURCE, taken=_OF_LOKI)
            attributes = dict(_added(resource, metadata))
            known = _Origin(resource, Resource(attributes), metadata)
            if len(self._origins) >= _MOST_RESOURCES:
                self._origins.clear()
            self._origins[id(resource)] = known
        return known


@lru_cache(256)
def _scope(name: str) -> InstrumentationScope:
    return InstrumentationScope(name)


def _attributes(fields: Fields, line: Line, of_resource: Metadata) -> dict[str, str]:
    room = MAX_METADATA_BYTES - 3 * _LONGEST_OF_LOKI - (_MOST_BYTES_OF_RESOURCE - of_resource.room)
    metadata = Metadata(MAX_METADATA, room, taken=of_resource.taken)
    # Those that Loki's own API gets too, so that one dashboard serves both ways. Loki 3.7 ignores OTLP's event name.
    own = {"level": level_of(fields.severity_number), "event_name": fields.event_name}
    found = dict(_added({name: value for name, value in own.items() if value}, metadata))
    found.update(_added(line.attributes, metadata))
    if metadata.is_cut or of_resource.is_cut or line.is_cut:
        found[TRUNCATED] = "true"
    return found


def _added(attributes: Mapping[str, Any], metadata: Metadata) -> Iterator[tuple[str, str]]:
    """Attributes that have room. A name stays where Loki makes the right one of it, as ``service.name`` must."""
    for name, value in attributes.items():
        added = None if value is None else metadata.add(name, value)
        if added is not None:
            yield (name if name.replace(".", "_") == added else added), metadata.found[added]
