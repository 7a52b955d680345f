"""What becomes of records on their way to a destination: the queue, the spool, the end of the process.

How they are put together are OpenTelemetry's own settings of a batch.
"""

from __future__ import annotations

from typing import ClassVar

from logcapy._value import Value

from .setting import COUNT, MILLISECONDS, Setting, require, require_count, require_milliseconds, require_names


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


OVERFLOW_POLICIES = ("drop_oldest", "drop_newest", "block", "sample")
SPOOL_MODES = ("off", "overflow", "always")
FSYNC_MODES = ("none", "interval", "batch")
#: A block of the disk, and the least that a segment of the spool is made for.
LEAST_SPOOL_BYTES = 4096
_SPOOL = f"one of {', '.join(SPOOL_MODES)}; all but off need LOGCAPY_SPOOL_DIR, the folder to write to"
_SPOOL_BYTES = f"a whole number, {LEAST_SPOOL_BYTES} or more"


class DeliveryConfig(Value, kw_only=True):
    """How records wait and leave. Each field is the variable ``LOGCAPY_<FIELD>``.

    Args:
        shutdown_timeout: The most milliseconds that the end of the process waits for records to leave.
        overflow: What a full queue does. ``drop_oldest`` and ``drop_newest`` give a record up; ``block`` lets the
            caller wait for room, then drops the oldest; ``sample`` keeps every second, fourth, eighth ... record below
            WARNING from the time that the queue is half full. None of them drops WARNING or above for a lesser record.
        block_timeout: The most milliseconds that ``block`` lets a caller wait; a thread that runs an event loop never
            waits.
        max_queue_bytes: The most bytes that the records of a queue may hold beyond those of small ones.
        spool: ``overflow`` writes to disk what cannot be sent now, ``always`` writes all before it is sent, ``off``
            writes nothing. None: ``overflow`` where there is a ``spool_dir``, else ``off``.
        spool_dir: The folder to write to.
        spool_max_bytes: The most bytes on disk for each destination and process, at least 4096.
        spool_max_age: Milliseconds after which a record on disk is given up; None for never.
        spool_fsync: What a loss of power may cost: ``batch`` nothing that was written, ``interval`` half a second,
            ``none`` what the system had not written yet.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        Setting("shutdown_timeout", ("LOGCAPY_SHUTDOWN_TIMEOUT",), float, MILLISECONDS),
        Setting("overflow", ("LOGCAPY_OVERFLOW",), str.lower, f"one of {', '.join(OVERFLOW_POLICIES)}"),
        Setting("block_timeout", ("LOGCAPY_BLOCK_TIMEOUT",), float, MILLISECONDS),
        Setting("max_queue_bytes", ("LOGCAPY_MAX_QUEUE_BYTES",), int, COUNT),
        Setting("spool", ("LOGCAPY_SPOOL",), str.lower, _SPOOL),
        Setting("spool_dir", ("LOGCAPY_SPOOL_DIR",), str, "the path of a folder"),
        Setting("spool_max_bytes", ("LOGCAPY_SPOOL_MAX_BYTES",), int, _SPOOL_BYTES),
        Setting("spool_max_age", ("LOGCAPY_SPOOL_MAX_AGE",), float, MILLISECONDS),
        Setting("spool_fsync", ("LOGCAPY_SPOOL_FSYNC",), str.lower, f"one of {', '.join(FSYNC_MODES)}"),
    )

    shutdown_timeout: float = 5000
    overflow: str = "drop_oldest"
    block_timeout: float = 100
    max_queue_bytes: int = 64 * 1024 * 1024
    spool: str | None = None
    spool_dir: str | None = None
    spool_max_bytes: int = 256 * 1024 * 1024
    spool_max_age: float | None = None
    spool_fsync: str = "interval"

    def __post_init__(self) -> None:
        require_milliseconds("shutdown_timeout", self.shutdown_timeout)
        require_names("overflow", (self.overflow,), OVERFLOW_POLICIES)
        require_milliseconds("block_timeout", self.block_timeout)
        require_count("max_queue_bytes", self.max_queue_bytes)
        require_names("spool", (self.spool_mode,), SPOOL_MODES)
        require("spool", self.spool, self.spool_mode == "off" or bool(self.spool_dir), "set spool_dir too, or use off")
        require_count("spool_max_bytes", self.spool_max_bytes)
        require("spool_max_bytes", self.spool_max_bytes, self.spool_max_bytes >= LEAST_SPOOL_BYTES, _SPOOL_BYTES)
        if self.spool_max_age is not None:
            _require_age("spool_max_age", self.spool_max_age)
        require_names("spool_fsync", (self.spool_fsync,), FSYNC_MODES)

    @property
    def spool_mode(self) -> str:
        """``off``, ``overflow`` or ``always``."""
        if self.spool is None:
            return "overflow" if self.spool_dir else "off"
        return self.spool


def delivery_fields(config: DeliveryConfig) -> dict[str, object]:
    """The settings of delivery alone, of a configuration that may have others."""
    return {row.field: getattr(config, row.field) for row in DeliveryConfig.rows}


def _require_age(setting: str, value: object) -> None:
    holds = isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
    require(setting, value, holds, "milliseconds, more than 0")
