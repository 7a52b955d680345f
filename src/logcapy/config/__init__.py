"""Settings as values, each with the variables that set it. What they do is in the rooms.

Durations are in milliseconds, as OpenTelemetry's are.
"""

from __future__ import annotations

from .batch import BatchConfig
from .delivery import FSYNC_MODES, OVERFLOW_POLICIES, SPOOL_MODES, DeliveryConfig, delivery_fields
from .enrichment import ENRICHERS, EnrichmentConfig
from .otlp import COMPRESSIONS, PROTOCOLS, OtlpConfig
from .records import EXCEPTION_REPEATS, EXCEPTION_SIGNALS, LogCapyConfig, field_names
from .redaction import ALL_PRESETS, REDACTION_ACTIONS, REDACTION_PRESETS, RedactionConfig
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
    "Setting",
    "delivery_fields",
    "field_names",
]
