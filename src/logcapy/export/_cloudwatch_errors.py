"""What the errors of boto3 mean for a payload.

Sources: botocore's data/logs/2014-03-28 (the errors of PutLogEvents), botocore/retries/standard.py (which codes are
throttling and which are transient), https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html.
"""

from __future__ import annotations

from logcapy.types import Broken, Outcome, Rejected, Retry, TooLarge

from ._reason import Reasons

_THROTTLED = frozenset(
    (
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException"),
        *("TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException", "RequestTimeout"),
        *("RequestTimeoutException", "ServiceUnavailable", "ServiceUnavailableException", "InternalFailure"),
        "OperationAbortedException",  # somebody else makes the same group or stream
    )
)
_SET_UP = frozenset(
    (
        *("UnrecognizedClientException", "AccessDeniedException", "InvalidClientTokenId", "IncompleteSignature"),
        *("InvalidSignatureException", "SignatureDoesNotMatch", "ExpiredTokenException", "MissingAuthenticationToken"),
        *("OptInRequired", "ResourceNotFoundException"),
    )
)


def failure(error: Exception, count: int, reasons: Reasons) -> Outcome:
    """The outcome of a call that raised.

    Args:
        error: What it raised.
        count: The records of the payload.
        reasons: Words for it.
    """
    from botocore import exceptions as aws

    if isinstance(error, aws.ClientError):
        return _answered(error, count, reasons)
    kind = type(error).__name__
    if isinstance(error, (aws.NoCredentialsError, aws.PartialCredentialsError, aws.CredentialRetrievalError)):
        return Broken(reasons.reason("no credentials; set AWS_ACCESS_KEY_ID or AWS_PROFILE, or give it a role", kind))
    if isinstance(error, aws.SSLError):
        return Broken(reasons.reason("the certificate is not trusted", kind))
    if isinstance(error, (aws.ConnectionError, aws.HTTPClientError)):
        return Retry(reasons.reason("no answer", kind), unreachable=True)
    if isinstance(error, aws.ParamValidationError):
        return Rejected(count, reasons.reason("not sent, as boto3 refuses it", kind))
    return Broken(reasons.reason(f"the call cannot be made ({kind})"))  # its text is left out: it may quote credentials


def _answered(error: object, count: int, reasons: Reasons) -> Outcome:
    answer: dict[str, dict[str, object]] = error.response  # type: ignore[attr-defined]
    told = answer.get("Error", {})
    code, status = str(told.get("Code", "")), answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    # What is wrong with a signature is told with the request that was signed, and its token.
    message = "" if code in _SET_UP else str(told.get("Message", ""))
    reason = reasons.reason(f"HTTP {status} {code}", message)
    number = status if isinstance(status, int) else 0
    if code in _THROTTLED or number in (429, 500, 502, 503, 504):
        return Retry(reason, status=number)
    if number == 413:
        return TooLarge(reason, status=number)
    if code in _SET_UP or number in (401, 403):
        return Broken(reason, status=number)
    return Rejected(count, reason, status=number)
