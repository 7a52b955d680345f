"""How records are put together: OpenTelemetry's own settings of a batch."""

from __future__ import annotations

from typing import ClassVar

from logcapy._value import Value

from .checks import require, require_count, require_milliseconds
from .setting import COUNT, MILLISECONDS, Setting


class BatchConfig(Value):
    """How records are put together. Each field is the variable ``OTEL_BLRP_<FIELD>``.

    Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-logrecord-processor

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        Setting("schedule_delay", ("OTEL_BLRP_SCHEDULE_DELAY",), float, MILLISECONDS),
        Setting("export_timeout", ("OTEL_BLRP_EXPORT_TIMEOUT",), float, MILLISECONDS),
        Setting("max_queue_size", ("OTEL_BLRP_MAX_QUEUE_SIZE",), int, COUNT),
        Setting("max_export_batch_size", ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",), int, COUNT),
    )

    schedule_delay: float = 1000
    export_timeout: float = 30000
    max_queue_size: int = 2048
    max_export_batch_size: int = 512

    def __post_init__(self) -> None:
        require_milliseconds("schedule_delay", self.schedule_delay)
        require_milliseconds("export_timeout", self.export_timeout)
        for name in ("max_queue_size", "max_export_batch_size"):
            require_count(name, getattr(self, name))
        require(
            "max_export_batch_size",
            self.max_export_batch_size,
            self.max_export_batch_size <= self.max_queue_size,
            f"at most max_queue_size, which is {self.max_queue_size}",
        )
