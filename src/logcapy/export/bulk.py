"""Elasticsearch and OpenSearch, by their bulk API.

Sources: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk,
https://docs.opensearch.org/docs/latest/api-reference/document-apis/bulk/
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from urllib3.util import make_headers

from logcapy import environment
from logcapy.config.destinations.bulk import BulkConfig, ElasticsearchConfig, OpenSearchConfig
from logcapy.types import Delivered, Outcome, Payload, Record, Rejected, Retry

from ._bulk_documents import ecs_document, mark_cut, otel_document
from ._http import Answer
from ._http_exporter import HttpPayloadExporter
from ._json_events import encode_event, pack_events

#: A server takes 100 MB, decompressed, unless it is told otherwise; smaller requests are what its makers advise.
MAX_PAYLOAD_BYTES = 5_000_000
_MAX_RECORDS = 1_000
_LONGEST_DOCUMENT = 1_000_000
#: An item that is refused for a while, and one that is there already: a request that is sent again is not stored twice.
_BUSY = frozenset((429, *range(500, 600)))
_THERE_ALREADY = 409
_WHAT_IS_ASKED = "filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason"
#: Of an item that is refused a reason of some hundred bytes comes back.
_MOST_ANSWER_BYTES = 2 * 1024 * 1024


class BulkLogRecordExporter(HttpPayloadExporter):
    """Base of the two. Each record is a document that has an id of its own before it is sent the first time.

    Args:
        config: Where to, and how.
    """

    def __init__(self, config: BulkConfig, authorization: str | None = None) -> None:
        headers = {"Content-Type": "application/x-ndjson"}
        if config.username:
            headers |= make_headers(basic_auth=f"{config.username}:{config.password or ''}")
        elif authorization:
            headers["Authorization"] = authorization
        super().__init__(
            f"{config.endpoint.rstrip('/')}/{config.index}/_bulk?{_WHAT_IS_ASKED}",
            config,
            headers,
            use_gzip=True,
            read_answer=self._read_answer,
            most_answer_bytes=_MOST_ANSWER_BYTES,
        )
        self._make = ecs_document if config.mapping == "ecs" else otel_document

    def encode(self, records: Sequence[Record]) -> Iterator[Payload]:
        """Requests of at most 5 MB and 1,000 documents."""
        prefix, numbers = uuid.uuid4().hex, count()

        def encoded(record: Record) -> bytes:
            document = encode_event(record, self._make, mark_cut, _LONGEST_DOCUMENT)
            return b'{"create":{"_id":"%s-%d"}}\n%s' % (prefix.encode(), next(numbers), document)

        return pack_events(
            records,
            encoded,
            max_bytes=MAX_PAYLOAD_BYTES,
            max_records=_MAX_RECORDS,
            around=(b"", b"\n", b"\n"),
        )

    def split(self, body: bytes) -> Sequence[tuple[bytes, int]] | None:
        """Two requests with the documents of one, under the same ids."""
        lines = body.split(b"\n")[:-1]
        documents = len(lines) // 2
        if documents < 2 or len(lines) % 2 or not all(line.startswith(b'{"create"') for line in lines[::2]):
            return None
        middle = documents // 2
        halves = ((lines[: 2 * middle], middle), (lines[2 * middle :], documents - middle))
        return [(b"\n".join(half) + b"\n", number) for half, number in halves]

    def _read_answer(self, answer: Answer) -> Outcome | None:
        if not 200 <= answer.status <= 299:
            return None
        try:
            told = json.loads(answer.body)
            items = [next(iter(item.values())) for item in told.get("items", ())] if told.get("errors") else []
            statuses = Counter(int(item.get("status", 200)) for item in items)
        except (ValueError, AttributeError, TypeError, StopIteration):
            return Retry(self._transport.reasons.reason("HTTP 200 with an answer that cannot be read"))
        if any(status in _BUSY for status in statuses):
            return Retry(self._transport.reasons.reason("some documents are refused for now", _first_error(items)))
        refused = sum(number for status, number in statuses.items() if status >= 300 and status != _THERE_ALREADY)
        if not refused:
            return Delivered()
        return Rejected(refused, self._transport.reasons.reason(f"{refused} documents refused", _first_error(items)))


class OpenSearchLogRecordExporter(BulkLogRecordExporter):
    """Sends log records to OpenSearch. Without arguments it does what ``LOGCAPY_OPENSEARCH_*`` say.

    Args:
        config: Where to; None reads the environment.
        fields: Those of :class:`OpenSearchConfig`, over the environment.

    Raises:
        ConfigError: A setting cannot be used.
    """

    name = "opensearch"

    def __init__(self, config: OpenSearchConfig | None = None, **fields: Any) -> None:
        super().__init__(config or environment.destination_config(OpenSearchConfig, fields))


class ElasticsearchLogRecordExporter(BulkLogRecordExporter):
    """Sends log records to Elasticsearch. Without arguments it does what ``LOGCAPY_ELASTICSEARCH_*`` say.

    Args:
        config: Where to; None reads the environment.
        fields: Those of :class:`ElasticsearchConfig`, over the environment.

    Raises:
        ConfigError: A setting cannot be used.
    """

    name = "elasticsearch"

    def __init__(self, config: ElasticsearchConfig | None = None, **fields: Any) -> None:
        config = config or environment.destination_config(ElasticsearchConfig, fields)
        super().__init__(config, f"ApiKey {config.api_key}" if config.api_key else None)


def _first_error(items: Sequence[Any]) -> str:
    errors = (item.get("error") for item in items if item.get("status", 200) != _THERE_ALREADY)
    first: Any = next((error for error in errors if error), {})
    return f"{first.get('type', '')}: {first.get('reason', '')}" if isinstance(first, dict) else str(first)
