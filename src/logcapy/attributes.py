"""Names of attributes. OpenTelemetry's own where there is one; ours begin with ``logcapy.``.

Source: https://opentelemetry.io/docs/specs/semconv/registry/attributes/
"""

from __future__ import annotations

from typing import Final

EXCEPTION_TYPE: Final = "exception.type"
EXCEPTION_MESSAGE: Final = "exception.message"
EXCEPTION_STACKTRACE: Final = "exception.stacktrace"
#: Deprecated, and what the SDK still writes on span events: "True" or "False".
EXCEPTION_ESCAPED: Final = "exception.escaped"
#: The same for failures that are the same: see capture/fingerprint.py.
EXCEPTION_FINGERPRINT: Final = "logcapy.exception.fingerprint"
#: The ``log.record.uid`` of the record that tells this record's exception in full.
EXCEPTION_REFERENCE: Final = "logcapy.exception.reference"
#: The variables of the application's last frames.
EXCEPTION_VARIABLES: Final = "logcapy.exception.variables"
LOG_RECORD_UID: Final = "log.record.uid"

CODE_FILE_PATH: Final = "code.file.path"
CODE_FUNCTION_NAME: Final = "code.function.name"
CODE_LINE_NUMBER: Final = "code.line.number"

ERROR_TYPE: Final = "error.type"

THREAD_ID: Final = "thread.id"
THREAD_NAME: Final = "thread.name"

#: What the interpreter says of an exception that it ignores, and the name of the object it happened in.
UNRAISABLE_MESSAGE: Final = "logcapy.unraisable.message"
UNRAISABLE_OBJECT: Final = "logcapy.unraisable.object"

HTTP_REQUEST_METHOD: Final = "http.request.method"
HTTP_ROUTE: Final = "http.route"
URL_PATH: Final = "url.path"
URL_SCHEME: Final = "url.scheme"
SERVER_ADDRESS: Final = "server.address"
CLIENT_ADDRESS: Final = "client.address"
USER_AGENT_ORIGINAL: Final = "user_agent.original"

OTEL_EVENT_NAME: Final = "otel.event.name"
#: Deprecated spelling that the logging instrumentation still reads.
EVENT_NAME: Final = "event.name"

#: What a function was called with: a mapping of its parameters' names to bounded values.
CALL_ARGUMENTS: Final = "logcapy.call.arguments"
#: Which attempt failed, counted from 1; of how many, if there is a limit; seconds up to the next, if there is one.
RETRY_ATTEMPT: Final = "logcapy.retry.attempt"
RETRY_ATTEMPTS: Final = "logcapy.retry.attempts"
RETRY_WAIT: Final = "logcapy.retry.wait"
#: The name of the log event and of the span event that tell of a failed attempt.
RETRY_EVENT: Final = "logcapy.retry"

#: Something of the record was cut to a limit.
TRUNCATED: Final = "logcapy.truncated"

#: The attribute of a span object under which its server span is remembered.
SERVER_SPAN_MARK: Final = "_logcapy_server_span"
#: The attribute of a span object under which the span that it ends with is remembered.
LOCAL_ROOT_MARK: Final = "_logcapy_local_root"
#: The attribute of a local root under which it remembers the exceptions of its spans.
LOCAL_EXCEPTIONS_MARK: Final = "_logcapy_exceptions"
#: The attribute of a log record, while it is being emitted, under which its exception is handed on.
HANDED_ON_MARK: Final = "_logcapy_exception"
#: The key in an exception's ``__dict__`` under which its first sighting is remembered.
EXCEPTION_MARK: Final = "_logcapy_sighting"
#: Under this key an ASGI scope or a WSGI environ remembers its RequestContext for as long as it is served.
REQUEST_KEY: Final = "logcapy.request"
#: Under this name server spans, and exceptions that leave a request, remember it.
REQUEST_MARK: Final = "_logcapy_request"
