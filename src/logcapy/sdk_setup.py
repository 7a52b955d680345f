"""The SDK set up as the variables say, for all signals, the public way."""

from __future__ import annotations

from functools import partial
from importlib.metadata import EntryPoints, entry_points
from typing import Any

from opentelemetry.sdk._configuration import _OTelSDKConfigurator
from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk._logs.export import LogRecordExporter

from . import _sdk, environment
from ._version import __version__
from .assemble import instead_of, otlp_exporter_if_usable
from .deliver.batch import BatchLogRecordProcessor
from .environment import Report
from .errors import ConfigError, nearest_name
from .resources import default_attributes

# Source: https://opentelemetry.io/docs/specs/semconv/resource/#telemetry-distribution
_DISTRO_ATTRIBUTES = {"telemetry.distro.name": "logcapy", "telemetry.distro.version": __version__}


#: The names that the SDK has for what it brings itself.
_OF_THE_SDK = ("otlp", "none")
_GROUP = "opentelemetry_logs_exporter"


class SdkConfigurator(_OTelSDKConfigurator):
    """The SDK's configurator, with LogCapy's queue and exporter for logs."""

    def _configure(self, **kwargs: Any) -> None:
        if environment.declarative_file():
            super()._configure()  # type: ignore[no-untyped-call]  # the SDK warns of every argument beside a file
            return
        leave_out_unusable(environment.warn)
        if not environment.logcapy_config(environment.warn).enabled:
            super()._configure(**kwargs)  # type: ignore[no-untyped-call]
            return
        # What is ours anyway the SDK need not find among all entry points, import, make and end.
        host = None if environment.detectors_are_chosen() else _sdk.host_detector()
        queue = None if "exporter_args_map" in kwargs else _otlp_queue(environment.warn)
        known = {} if host is None else default_attributes(host)
        kwargs["resource_attributes"] = {**known, **kwargs.get("resource_attributes", {}), **_DISTRO_ATTRIBUTES}
        kwargs["log_record_processors"] = [*kwargs.get("log_record_processors", ()), *([queue] if queue else ())]
        kwargs.setdefault("export_log_record_processor", partial(_with_queue, environment.warn))
        with environment.set_up_without(detectors=host is not None, otlp=queue is not None):
            super()._configure(**kwargs)  # type: ignore[no-untyped-call]


def _otlp_queue(report: Report) -> LogRecordProcessor | None:
    """LogCapy's queue with its OTLP exporter, where the variables ask for OTLP and for nothing that only stock has."""
    if "otlp" not in environment.log_exporters() or environment.otlp_needs_credential_provider():
        return None
    protocol = environment.otlp_protocol()
    exporter = None if protocol is None else otlp_exporter_if_usable(protocol, report)
    return None if exporter is None else _queue_before(exporter, report)


def _with_queue(report: Report, exporter: LogRecordExporter) -> LogRecordProcessor:
    return _queue_before(instead_of(exporter, report), report)


def _queue_before(exporter: LogRecordExporter, report: Report) -> LogRecordProcessor:
    return BatchLogRecordProcessor(exporter, config=environment.batch_config(report), report=report)


def leave_out_unusable(report: Report) -> None:
    """Leave names out of ``OTEL_LOGS_EXPORTER`` that are none, or are LogCapy's and cannot be used.

    One of them would take all signals with it: the SDK sets up everything or, where a constructor raises, nothing.

    Args:
        report: Told of each.
    """
    names = environment.log_exporters()
    if set(names) <= set(_OF_THE_SDK) or environment.declarative_file():  # which names the exporters itself
        return
    registered = entry_points(group=_GROUP)
    usable = [name for name in names if name in _OF_THE_SDK or _is_usable(name, registered, report)]
    if len(usable) < len(names):
        environment.use_log_exporters(usable)


def _is_usable(name: str, registered: EntryPoints, report: Report) -> bool:
    known = [*_OF_THE_SDK, *sorted(registered.names)]
    if name not in known:
        allowed = f"names with commas between, of {', '.join(known)}"
        report(ConfigError("OTEL_LOGS_EXPORTER", name, allowed, nearest=nearest_name(name, known)))
        return False
    if name.startswith("logcapy_"):
        try:
            registered[name].load()().shutdown()
        except ConfigError as error:
            report(error)
            return False
    return True


def set_up_sdk(report: Report) -> None:
    """Set up the providers of all signals as the variables say, with a distro's defaults where they say nothing."""
    environment.set_distro_defaults()
    environment.otlp_config(report)
    leave_out_unusable(report)
    SdkConfigurator().configure()  # type: ignore[no-untyped-call]
