"""What CloudWatch Logs answers, and what botocore raises, as outcomes.

Sources: botocore, data/logs/2014-03-28/service-2.json (errors, RejectedLogEventsInfo), botocore/exceptions.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logcapy.types import Broken, Delivered, Outcome, Rejected, Retry, TooLarge

from ._reason import Reasons
from ._retry_after import retry_after_seconds

#: Told with 400; so are ``*ThrottlingException`` and the like.
_RETRY = frozenset(
    (
        *("ServiceUnavailableException", "ServiceUnavailable", "InternalFailure", "RequestTimeout"),
        *("OperationAbortedException", "RequestLimitExceeded", "TooManyRequestsException"),
    )
)
_SET_UP = frozenset(
    (
        *("UnrecognizedClientException", "InvalidClientTokenId", "AccessDeniedException", "AccessDenied"),
        *("InvalidSignatureException", "SignatureDoesNotMatch", "MissingAuthenticationTokenException"),
        *("MissingAuthenticationToken", "IncompleteSignature", "ExpiredTokenException", "ExpiredToken"),
        *("OptInRequired", "NotAuthorized", "LimitExceededException", "ResourceNotFoundException"),
    )
)
_NO_CREDENTIALS = frozenset(
    (
        *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound"),
        *("TokenRetrievalError", "UnauthorizedSSOTokenError", "SSOTokenLoadError"),
    )
)


def missing(error: Exception) -> bool:
    """Whether there is no such log group or stream."""
    return _code(error) == "ResourceNotFoundException"


def outcome_of_answer(answer: Mapping[str, Any], events: int, reasons: Reasons) -> Outcome:
    """Of a call that was answered with 200: events that are too old or too new are not stored."""
    rejected = answer.get("rejectedLogEventsInfo") or {}
    old = max(int(rejected.get(name, 0)) for name in ("tooOldLogEventEndIndex", "expiredLogEventEndIndex"))
    new = events - int(rejected.get("tooNewLogEventStartIndex", events))
    count = min(events, max(0, old) + max(0, new))
    if not count:
        return Delivered(status=200)
    what = f"{count} events refused: {old} older than 14 days or the retention, {new} over two hours in the future"
    return Rejected(count, reasons.reason(what), status=200)


def outcome_of_error(error: Exception, events: int, reasons: Reasons) -> Outcome:
    """Of a call that failed. botocore's own messages name endpoints and settings, no credentials."""
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        return _outcome_of_status(error, events, reasons)
    kind = type(error).__name__
    if kind in _NO_CREDENTIALS:
        return Broken(reasons.reason("no credentials; set AWS_PROFILE, or give the machine a role", kind))
    if isinstance(error, exceptions.NoRegionError):
        return Broken(reasons.reason("no region; set AWS_REGION"))
    if isinstance(error, exceptions.SSLError):
        return Broken(reasons.reason("the connection is not secure", str(error)))
    if isinstance(error, (exceptions.HTTPClientError, exceptions.ConnectionError)):
        return Retry(reasons.reason("no answer", str(error)), unreachable=True)
    if isinstance(error, exceptions.ParamValidationError):
        return Rejected(events, reasons.reason("not sent, as boto3 finds it wrong", str(error)))
    if kind == "ResponseParserError":
        return Retry(reasons.reason("an answer that cannot be read"))
    return Broken(reasons.reason(f"the call cannot be made ({kind})"))


def _outcome_of_status(error: Any, events: int, reasons: Reasons) -> Outcome:
    metadata = error.response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    code, message = _code(error), str(error.response.get("Error", {}).get("Message", ""))
    reason = reasons.reason(f"HTTP {status}", f"{code}: {message}")
    if status == 413 or (code == "InvalidParameterException" and "too large" in message.lower()):
        return TooLarge(reason, status=status)
    if status == 429 or status >= 500 or code in _RETRY or "Throttl" in code:
        headers = {"Retry-After": str(metadata.get("HTTPHeaders", {}).get("retry-after", ""))}
        return Retry(reason, retry_after_seconds(headers), status=status)
    if status in (401, 403) or code in _SET_UP:
        if not code.startswith("AccessDenied"):  # what is said of a signature may quote what was signed
            reason = reasons.reason(f"HTTP {status}", code)
        return Broken(reason, status=status)
    return Rejected(events, reason, status=status)


def _code(error: Any) -> str:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
