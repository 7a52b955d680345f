"""Where Amazon CloudWatch Logs takes events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from logcapy.config.checks import require, require_milliseconds
from logcapy.config.setting import MILLISECONDS, Setting

from .base import DestinationConfig, row

_GROUP = "the name of a log group: 1 to 512 of A-Z a-z 0-9 . _ / # -"
_STREAM = "the name of a log stream: 1 to 512 characters, neither : nor *"


@dataclass(frozen=True, kw_only=True)
class CloudwatchConfig(DestinationConfig):
    """Where CloudWatch Logs takes events. Each field is the variable ``LOGCAPY_CLOUDWATCH_<FIELD>``.

    Credentials, and another endpoint, are found as boto3 finds them: ``AWS_ACCESS_KEY_ID``, ``AWS_PROFILE``, a role,
    ``AWS_ENDPOINT_URL_CLOUDWATCH_LOGS`` and so on.

    Args:
        group: The log group. It is made if it is not there.
        stream: The log stream, which is made too. Default: one for each process, named by host and process id.
        region: Else ``AWS_REGION``, ``AWS_DEFAULT_REGION``, or what boto3 finds.
        timeout: Milliseconds that one request may take.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        row("CLOUDWATCH", "group", str, _GROUP),
        row("CLOUDWATCH", "stream", str, _STREAM),
        row("CLOUDWATCH", "region", str, "the name of a region", also=("AWS_REGION", "AWS_DEFAULT_REGION")),
        row("CLOUDWATCH", "timeout", float, MILLISECONDS),
    )

    group: str = ""
    stream: str | None = None
    region: str | None = None
    timeout: float = 10000

    def __post_init__(self) -> None:
        require("group", self.group, bool(re.fullmatch(r"[.\-_/#A-Za-z0-9]{1,512}", self.group)), _GROUP)
        named = self.stream is None or bool(re.fullmatch(r"[^:*]{1,512}", self.stream))
        require("stream", self.stream, named, _STREAM)
        require_milliseconds("timeout", self.timeout)
