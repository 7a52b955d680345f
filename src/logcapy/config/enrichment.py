"""What is added to records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from . import setting
from .checks import require_names
from .setting import Setting

ENRICHERS = ("context", "request")


@dataclass(frozen=True, kw_only=True)
class EnrichmentConfig:
    """What is added to records. Each field is the variable ``LOGCAPY_<FIELD>``.

    Args:
        enrich: What is added to each record, of ``context``, ``request``; ``()`` for nothing.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        Setting("enrich", ("LOGCAPY_ENRICH",), setting.names, f"off, or any of {', '.join(ENRICHERS)}"),
    )

    enrich: tuple[str, ...] = ENRICHERS

    def __post_init__(self) -> None:
        require_names("enrich", self.enrich, ENRICHERS)
