"""Where else than by OTLP records may go: one module a destination, each a configuration with its variables."""

from __future__ import annotations

from .base import DestinationConfig, HttpDestinationConfig, destination_variables, http_rows, row

__all__ = ["DestinationConfig", "HttpDestinationConfig", "destination_variables", "http_rows", "row"]
