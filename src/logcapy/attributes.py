"""Names of attributes. OpenTelemetry's own where there is one; ours begin with ``logcapy.``.

Source: https://opentelemetry.io/docs/specs/semconv/registry/attributes/
"""

from __future__ import annotations

from typing import Final

EXCEPTION_TYPE: Final = "exception.type"
EXCEPTION_MESSAGE: Final = "exception.message"
EXCEPTION_STACKTRACE: Final = "exception.stacktrace"

CODE_FILE_PATH: Final = "code.file.path"
CODE_FUNCTION_NAME: Final = "code.function.name"
CODE_LINE_NUMBER: Final = "code.line.number"

HTTP_REQUEST_METHOD: Final = "http.request.method"
HTTP_ROUTE: Final = "http.route"
URL_PATH: Final = "url.path"
CLIENT_ADDRESS: Final = "client.address"
USER_AGENT_ORIGINAL: Final = "user_agent.original"

OTEL_EVENT_NAME: Final = "otel.event.name"
#: Deprecated spelling that the logging instrumentation still reads.
EVENT_NAME: Final = "event.name"

#: Something of the record was cut to a limit.
TRUNCATED: Final = "logcapy.truncated"

#: The attribute of a span object under which its server span is remembered.
SERVER_SPAN_MARK: Final = "_logcapy_server_span"
#: The key in an exception's ``__dict__`` under which its first sighting is remembered.
EXCEPTION_MARK: Final = "_logcapy_sighting"
