"""Settings as values. Where they come from is :mod:`logcapy.environment`; what they do is in the rooms.

Durations are in milliseconds, as OpenTelemetry's are.
"""

from __future__ import annotations

from .batch import BatchConfig
from .delivery import FSYNC_MODES, OVERFLOW_POLICIES, SPOOL_MODES, DeliveryConfig, delivery_fields
from .otlp import COMPRESSIONS, PROTOCOLS, OtlpConfig
from .records import (
    ENRICHERS,
    EXCEPTION_REPEATS,
    EXCEPTION_SIGNALS,
    OFF,
    REDACTION_PRESETS,
    LogCapyConfig,
    field_names,
)

__all__ = [
    "COMPRESSIONS",
    "ENRICHERS",
    "EXCEPTION_REPEATS",
    "EXCEPTION_SIGNALS",
    "FSYNC_MODES",
    "OFF",
    "OVERFLOW_POLICIES",
    "PROTOCOLS",
    "REDACTION_PRESETS",
    "SPOOL_MODES",
    "BatchConfig",
    "DeliveryConfig",
    "LogCapyConfig",
    "OtlpConfig",
    "delivery_fields",
    "field_names",
]
