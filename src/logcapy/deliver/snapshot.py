"""A record as it was at the call: nobody's later edit reaches what waits to be sent.

The SDK's batch copies a record shallowly, so an attribute that a processor sets later leaks into the queued
record, and two batches share one set of attributes. Numbers and strings are free; containers are copied.
"""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Mapping
from typing import Any

from opentelemetry._logs import LogRecord
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource

from logcapy.attributes import TRUNCATED
from logcapy.types import Transform

_DEEPEST_COPY = 64
#: Texts up to this are those of small records.
_SMALL_TEXT = 2048
#: A longer one is cut before it waits: no request takes as much.
_LONGEST_TEXT = 4 * 1024 * 1024


def _begin_anew() -> None:
    global _completing
    _completing = threading.Lock()


_completing = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


class Snapshot(ReadWriteLogRecord):
    """An SDK record of its own: same fields, attributes in a plain dict, nothing shared with the original.

    Args:
        record: What was emitted.
        redact: Takes the secrets out; run once, by :meth:`complete`, off the thread of the caller.
    """

    def __init__(self, record: ReadWriteLogRecord, redact: Transform | None = None) -> None:
        original = record.log_record
        copying = _Copying()
        self.log_record = _copy_fields(original)
        self.log_record.body = copying.value(original.body)
        self.log_record.attributes = attributes = copying.attributes(original.attributes)
        if copying.cut:
            attributes[TRUNCATED] = True
        self.resource = record.resource
        self.instrumentation_scope = record.instrumentation_scope
        self.limits = record.limits
        self._dropped = record.dropped_attributes
        self._redact = redact
        #: What a queue asks: OpenTelemetry's severity number, and the bytes beyond those of a small record.
        self.severity: int = original.severity_number.value if original.severity_number else 0
        self.extra_bytes = copying.extra_bytes

    @property
    def dropped_attributes(self) -> int:
        """How many attributes the limits cost this record."""
        return self._dropped

    def complete(self) -> None:
        """Redact, if that was left to do; once, however many destinations share this snapshot."""
        if self._redact is not None:
            with _completing:
                if self._redact is not None:
                    self._redact(self)
                    self._redact = None  # not before: what failed must not pass at the next destination

    def redact_by(self, redact: Transform) -> None:
        """Let somebody else take the secrets out, before anybody has."""
        if self._redact is not None:
            self._redact = redact

    def forget_caller(self) -> None:
        """Let go of the caller's context and exception, which may hold a whole request and its frames."""
        self.log_record.context = Context()
        self.log_record.exception = None

    def readable(self) -> ReadableLogRecord:
        """The record as the SDK's exporters expect it."""
        log_record = self.log_record
        if self._dropped:
            log_record = _copy_fields(log_record)
            attributes = BoundedAttributes(attributes=log_record.attributes, immutable=False)
            attributes.dropped = self._dropped
            log_record.attributes = attributes
        return ReadableLogRecord(
            log_record=log_record,
            resource=self.resource if self.resource is not None else Resource.create({}),
            instrumentation_scope=self.instrumentation_scope,
            limits=self.limits,
        )


def _copy_fields(record: LogRecord) -> LogRecord:
    """``copy.copy`` without its reduce protocol: a fifth of the time, the same result for any plain class."""
    try:
        fields = record.__dict__
    except AttributeError:
        return copy.copy(record)
    duplicate = object.__new__(type(record))
    duplicate.__dict__.update(fields)
    return duplicate


class _Copying:
    """The values of one record, whatever their own methods do; what cannot be copied stays as it is."""

    def __init__(self) -> None:
        #: Whether a text was cut.
        self.cut = False
        #: What the long texts hold beyond those of a small record.
        self.extra_bytes = 0
        self._copies: dict[int, Any] = {}

    def attributes(self, attributes: Mapping[str, Any] | None) -> dict[str, Any]:
        """A plain dict of attributes."""
        if isinstance(attributes, BoundedAttributes):
            copied = dict(attributes.copy())  # its values were made immutable when they were set
            for key, value in copied.items():
                if type(value) is str and len(value) > _SMALL_TEXT:
                    copied[key] = self.value(value)
            return copied
        return {key: self.value(value) for key, value in (attributes or {}).items()}

    def value(self, value: Any, depth: int = 0) -> Any:
        """Containers copied, each once however often it is held, also by itself; long texts cut; else as it is."""
        if isinstance(value, (str, bytes)):
            return self._text(value)
        if isinstance(value, (int, float)) or value is None or depth > _DEEPEST_COPY:
            return value
        if id(value) in self._copies:
            return self._copies[id(value)]
        try:
            return self._container(value, depth)
        except Exception:  # noqa: BLE001 - a foreign mapping may raise anything; redactor and encoder say so
            self._copies.pop(id(value), None)
            return value

    def _container(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping):
            mapping = self._copies[id(value)] = {}
            for key, item in value.items():
                mapping[key] = self.value(item, depth + 1)
            return mapping
        if isinstance(value, (list, tuple)):
            items = self._copies[id(value)] = []
            items.extend(self.value(item, depth + 1) for item in value)
            return items
        return value

    def _text(self, text: Any) -> Any:
        size = str.__len__(text) if isinstance(text, str) else bytes.__len__(text)
        if size <= _SMALL_TEXT:
            return text
        if size > _LONGEST_TEXT:
            self.cut = True
            kind = str if isinstance(text, str) else bytes
            text, size = kind.__getitem__(text, slice(_LONGEST_TEXT)), _LONGEST_TEXT
        self.extra_bytes += size
        return text
