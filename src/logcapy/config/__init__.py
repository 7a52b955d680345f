"""Settings as values, each with the variables that set it. What they do is in the rooms.

Durations are in milliseconds, as OpenTelemetry's are.
"""

from __future__ import annotations

from .delivery import FSYNC_MODES, OVERFLOW_POLICIES, SPOOL_MODES, BatchConfig, DeliveryConfig, delivery_fields
from .otlp import COMPRESSIONS, PROTOCOLS, OtlpConfig
from .records import (
    ENRICHERS,
    EXCEPTION_REPEATS,
    EXCEPTION_SIGNALS,
    EnrichmentConfig,
    LogCapyConfig,
    Tenant,
    field_names,
)
from .redaction import ALL_PRESETS, REDACTION_ACTIONS, REDACTION_PRESETS, RedactionConfig
from .sampling import SamplingConfig
from .setting import OFF, Setting

__all__ = [
    "ALL_PRESETS",
    "COMPRESSIONS",
    "ENRICHERS",
    "EXCEPTION_REPEATS",
    "EXCEPTION_SIGNALS",
    "FSYNC_MODES",
    "OFF",
    "OVERFLOW_POLICIES",
    "PROTOCOLS",
    "REDACTION_ACTIONS",
    "REDACTION_PRESETS",
    "SPOOL_MODES",
    "BatchConfig",
    "DeliveryConfig",
    "EnrichmentConfig",
    "LogCapyConfig",
    "OtlpConfig",
    "RedactionConfig",
    "SamplingConfig",
    "Setting",
    "Tenant",
    "delivery_fields",
    "field_names",
]
