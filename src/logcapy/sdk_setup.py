"""The SDK set up as the variables say, for all signals, the public way."""

from __future__ import annotations

from functools import partial
from typing import Any

from opentelemetry.sdk._configuration import _OTelSDKConfigurator
from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk._logs.export import LogRecordExporter

from . import environment
from ._version import __version__
from .assemble import instead_of
from .deliver.batch import BatchLogRecordProcessor
from .environment import Report

# Source: https://opentelemetry.io/docs/specs/semconv/resource/#telemetry-distribution
_DISTRO_ATTRIBUTES = {"telemetry.distro.name": "logcapy", "telemetry.distro.version": __version__}


class SdkConfigurator(_OTelSDKConfigurator):
    """The SDK's configurator, with LogCapy's queue and exporter for logs."""

    def _configure(self, **kwargs: Any) -> None:
        enabled = environment.logcapy_config(environment.warn).enabled
        if enabled and not environment.has_declarative_configuration():  # which ignores arguments, and says so
            kwargs.setdefault("resource_attributes", {}).update(_DISTRO_ATTRIBUTES)
            kwargs.setdefault("export_log_record_processor", partial(_with_queue, environment.warn))
        super()._configure(**kwargs)  # type: ignore[no-untyped-call]


def _with_queue(report: Report, exporter: LogRecordExporter) -> LogRecordProcessor:
    return BatchLogRecordProcessor(instead_of(exporter, report), config=environment.batch_config(report), report=report)


def set_up_sdk(report: Report) -> None:
    """Set up the providers of all signals as the variables say, with a distro's defaults where they say nothing."""
    environment.set_distro_defaults()
    environment.otlp_config(report)
    SdkConfigurator().configure()  # type: ignore[no-untyped-call]
