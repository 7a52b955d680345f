"""How Elasticsearch and OpenSearch are reached: both take documents by the same bulk API."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

from logcapy.config.setting import Setting, require, require_names

from .base import HttpDestinationConfig, http_rows, row

MAPPINGS = ("ecs", "otel")
#: Source: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-create, the names of indices.
_INDEX = re.compile(r"(?![-_+.])[^A-Z\\/*?\"<>| ,#:]{1,200}")


@dataclass(frozen=True, kw_only=True)
class BulkConfig(HttpDestinationConfig):
    """How Elasticsearch or OpenSearch is reached.

    Args:
        endpoint: Where it is, without the path: ``https://search.example.org:9200``.
        index: The data stream, or the index, that documents are created in.
        mapping: ``ecs``: the fields of the Elastic Common Schema, all other attributes as texts in ``labels``;
            ``otel``: OpenTelemetry's own names.
        username: For basic authentication.
        password: The same. Never shown.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    endpoint: str = "http://localhost:9200"
    index: str = "logs-generic-default"
    mapping: str = "ecs"
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        holds = bool(_INDEX.fullmatch(str(self.index)))
        require(
            "index", self.index, holds, 'the name of a data stream: lower case, without spaces and any of \\/*?"<>|,#:'
        )
        require_names("mapping", (self.mapping,), MAPPINGS)
        require("password", "[REDACTED]", bool(self.password) <= bool(self.username), "set username too")


def _rows(name: str) -> tuple[Setting, ...]:
    return (
        row(name, "endpoint", str, "a URL that begins with http:// or https://"),
        row(name, "index", str, "the name of a data stream or an index"),
        row(name, "mapping", str.lower, f"one of {', '.join(MAPPINGS)}"),
        row(name, "username", str, "a name"),
        row(name, "password", str, "a password", secret=True),
        *http_rows(name),
    )


@dataclass(frozen=True, kw_only=True)
class OpenSearchConfig(BulkConfig):
    """Each field is the variable ``LOGCAPY_OPENSEARCH_<FIELD>``; see :class:`BulkConfig`."""

    rows: ClassVar[tuple[Setting, ...]] = _rows("OPENSEARCH")


@dataclass(frozen=True, kw_only=True)
class ElasticsearchConfig(BulkConfig):
    """Each field is the variable ``LOGCAPY_ELASTICSEARCH_<FIELD>``; see :class:`BulkConfig`.

    Args:
        api_key: An API key as Elasticsearch shows it, encoded. Never shown.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        *_rows("ELASTICSEARCH"),
        row("ELASTICSEARCH", "api_key", str, "an API key", secret=True),
    )

    api_key: str | None = field(default=None, repr=False)
