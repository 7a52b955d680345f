"""Where Amazon CloudWatch Logs takes events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from logcapy.config.setting import MILLISECONDS, Setting, require, require_milliseconds

from .base import DestinationConfig, row


@dataclass(frozen=True, kw_only=True)
class CloudWatchConfig(DestinationConfig):
    """Where CloudWatch Logs takes events. Each field is the variable ``LOGCAPY_CLOUDWATCH_<FIELD>``.

    Credentials, the profile and the endpoint are those of boto3.

    Args:
        group: The log group; made where it is missing.
        stream: The log stream; None for one a process: the ``service.instance.id`` of its records, else the host's
            name and the process id.
        region: Of the log group, else ``AWS_REGION``, ``AWS_DEFAULT_REGION`` or the profile's.
        timeout: Milliseconds that connecting, and then the answer, may take.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        row("CLOUDWATCH", "group", str, "the name of a log group"),
        row("CLOUDWATCH", "stream", str, "the name of a log stream"),
        row("CLOUDWATCH", "region", str, "a region of AWS", also=("AWS_REGION", "AWS_DEFAULT_REGION")),
        row("CLOUDWATCH", "timeout", float, MILLISECONDS),
    )

    group: str = ""
    stream: str | None = None
    region: str | None = None
    timeout: float = 10000

    def __post_init__(self) -> None:
        # Source: botocore, data/logs/2014-03-28/service-2.json, LogGroupName and LogStreamName
        named = re.fullmatch(r"[.\-_/#A-Za-z0-9]{1,512}", str(self.group))
        require("group", self.group, bool(named), "1 to 512 letters, digits and .-_/#")
        streams = self.stream is None or re.fullmatch(r"[^:*]{1,512}", str(self.stream))
        require("stream", self.stream, bool(streams), "1 to 512 characters without : and *")
        require_milliseconds("timeout", self.timeout)
