"""Configuration becomes objects: the one place where the rooms are put together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk._logs.export import LogRecordExporter

from . import _sdk, environment
from ._guard import say_once
from .capture import fast_record
from .capture.direct import emit_through
from .capture.hooks import install_hooks
from .capture.other_handlers import StandInForOthers
from .capture.spans import LogCapySpanProcessor
from .capture.stdlib import install, open_loggers
from .config import BatchConfig, LogCapyConfig, OtlpConfig
from .deliver.batch import BatchLogRecordProcessor
from .environment import Report
from .errors import ConfigError
from .exporter import PayloadExporter
from .handle import Handle
from .integrations.beside_access import HandlerBesideAccess
from .integrations.ending import Ending, finish_at_exit
from .integrations.ending_signal import SigtermHandler
from .integrations.libraries import watch_libraries
from .process import serving
from .process.late_redactor import LateRedactor
from .processor import LogCapyLogRecordProcessor

if TYPE_CHECKING:
    from .admission import Admission
    from .routing import Destination


def otlp_exporter(config: OtlpConfig) -> PayloadExporter:
    """LogCapy's OTLP exporter for a protocol."""
    if config.protocol == "grpc":
        from .export.otlp_grpc import OTLPGrpcLogRecordExporter

        return OTLPGrpcLogRecordExporter(config=config)
    from .export.otlp_http import OTLPHttpLogRecordExporter

    return OTLPHttpLogRecordExporter(config=config)


def otlp_exporter_if_usable(protocol: str, report: Report) -> PayloadExporter | None:
    """LogCapy's OTLP exporter as the variables say; None where what they say cannot be used, of which is told."""
    try:
        return otlp_exporter(environment.otlp_config(report, protocol))
    except ConfigError as error:  # what only shows in use: a file that is no certificate, a header that is none
        report(error)
        return None


def instead_of(exporter: LogRecordExporter, report: Report) -> LogRecordExporter:
    """LogCapy's OTLP exporter in the place of the stock one, where both send to the same place; else the same.

    What a file says of a stock exporter is not in the variables, so there it stays.
    """
    protocol = _sdk.stock_protocol(exporter)
    if protocol is None or environment.otlp_needs_credential_provider() or environment.declarative_file():
        return exporter
    if not _sdk.sends_where(exporter, environment.otlp_config(report, protocol, preset=False)):
        return exporter
    return otlp_exporter_if_usable(protocol, report) or exporter


def start(
    provider: LoggerProvider,
    config: LogCapyConfig,
    report: Report,
    destination: Destination | Sequence[Destination] | None = None,
) -> Handle:
    """Put one LogCapyLogRecordProcessor in front of everything that a provider has, and capture for it.

    Args:
        provider: The SDK's LoggerProvider, or one that works like it.
        config: What to do with records.
        report: Told of a setting that cannot be used.
        destination: Where records go, instead of where LogCapy sent them before or the variables say.
    """
    global _handle
    if _handle is None or _handle.ended or _handle.provider is not provider:
        _handle = Handle(provider, None)
    if not config.enabled:
        return _handle
    _handle.processor = take_over(provider, config, report, destination)
    _follow_levels(_handle.processor, config)
    if not _handle.undo and _handle.processor.destinations:
        _handle.stand_in = StandInForOthers(provider).look
        _handle.undo = _install(_handle, report)
    if _handle.undo:
        serving.use(config)
    if _handle.stand_in is not None:
        _handle.stand_in()
    return _handle


def _install(handle: Handle, report: Report) -> list[Callable[[], None]]:
    """Listen wherever records come from and wherever the process may end; returns what takes it away, in order."""
    assert handle.stand_in is not None
    emit_through(handle.provider)
    ending = _ending_of(handle)
    sigterm = SigtermHandler(ending)
    return [
        partial(emit_through, None),
        partial(serving.use, None),
        _capture_logging(handle.provider, report, handle.stand_in),
        fast_record.install(),
        *watch_libraries(ending, sigterm.watch),
        sigterm.install(),
        finish_at_exit(handle.provider, ending, partial(_close_others, handle)),
        install_hooks(ending.flush),
        partial(open_loggers, {}),
    ]


def _ending_of(handle: Handle) -> Ending:
    """How the process ends: with the processor that the handle has by then."""

    def close(timeout_millis: float) -> None:
        if handle.processor is not None:
            handle.processor.shutdown(timeout_millis)

    def timeout_millis() -> float:
        return 0.0 if handle.processor is None else handle.processor.config.shutdown_timeout

    def tell() -> None:
        for one in () if handle.processor is None else handle.processor.destinations:
            if isinstance(one, BatchLogRecordProcessor):
                one.tell_losses()

    return Ending(handle.force_flush, close, timeout_millis, tell)


def _close_others(handle: Handle) -> None:
    """End the destinations that are somebody else's processors; they would expect it at the interpreter's exit."""
    for one in () if handle.processor is None else handle.processor.destinations:
        if not isinstance(one, BatchLogRecordProcessor):
            one.shutdown()


def current_handle() -> Handle | None:
    """What is set up now, in code or by ``opentelemetry-instrument``."""
    return None if _handle is None or _handle.ended else _handle


def take_over(
    provider: LoggerProvider,
    config: LogCapyConfig,
    report: Report,
    destination: Destination | Sequence[Destination] | None = None,
) -> LogCapyLogRecordProcessor:
    """Make one LogCapyLogRecordProcessor of what is on a provider; nothing changes if that is so already."""
    present = _sdk.processors_of(provider)
    batch = environment.batch_config(report)
    if present is None:
        say_once("provider", "this LoggerProvider keeps its processors in an unknown way; LogCapy's is added to them")
        chosen = destination or otlp_exporter(environment.otlp_config(report))
        added = LogCapyLogRecordProcessor(chosen, config=config, batch=batch, report=report)
        provider.add_log_record_processor(added)
        return added
    only = present[0] if len(present) == 1 else None
    if destination is None and isinstance(only, LogCapyLogRecordProcessor) and only.config == config:
        return only
    destinations: list[Destination] = []
    replaced: list[LogRecordProcessor] = []
    if destination is not None:
        destinations += destination if isinstance(destination, Sequence) else (destination,)
    for one in present:
        if isinstance(one, LogCapyLogRecordProcessor):
            if destination is None:
                destinations += one.routed_destinations
            else:
                replaced.append(one)
            continue
        kept = _with_own_delivery(one, config, batch, report)
        destinations.append(kept)
        if kept is not one:
            replaced.append(one)
    processor = LogCapyLogRecordProcessor(destinations, config=config, batch=batch, report=report)
    _sdk.replace_processors(provider, [processor])
    for one in replaced:
        one.shutdown()
    return processor


def _with_own_delivery(
    one: LogRecordProcessor, config: LogCapyConfig, batch: BatchConfig, report: Report
) -> LogRecordProcessor:
    """LogCapy's queue, retries and spool instead of one of the SDK's processors, where LogCapy has the exporter for it.

    That is an exporter of LogCapy's, or a stock OTLP one that LogCapy's can take the place of; else all stays.
    """
    if isinstance(one, BatchLogRecordProcessor):
        return one
    exporter = _sdk.exporter_behind(one)
    ours = instead_of(exporter, report) if exporter is not None else None
    if isinstance(ours, PayloadExporter):
        if ours is exporter:
            _sdk.take_exporter(one, ours)
        return BatchLogRecordProcessor(ours, config=_sdk.batch_behind(one) or batch, settings=config, report=report)
    if config.spool_mode != "off":
        name = type(exporter or one).__name__
        say_once(f"spool:{name}", f"{name} is not LogCapy's and keeps a queue of its own, so nothing of it is spooled")
    return one


def watch_spans(provider: object, config: LogCapyConfig, logger_provider: LoggerProvider | None = None) -> None:
    """Add LogCapy's span processor to a TracerProvider, once; a proxy or another kind of provider is left alone.

    Args:
        provider: Whose spans are watched.
        config: What to do with their exceptions.
        logger_provider: Where exceptions of spans become records; None for the global one.
    """
    if not config.enabled:
        return
    if not hasattr(provider, "add_span_processor"):
        if config.buffer_until_error:
            say_once(
                "buffer_spans",
                "buffer_until_error needs spans, and there is no TracerProvider of the SDK but a "
                f"{type(provider).__name__}: nothing tells that a trace has ended; set one up before configure()",
            )
        return
    redact_text = _redactor_of(config).text
    for watched, processor in _watched:
        if watched is provider:
            processor.redact_text = redact_text
            processor.logger_provider = logger_provider
            processor.exception_signal = config.exception_signal
            processor.root_watch = _root_watch(config)
            return
    processor = LogCapySpanProcessor(
        redact_text,
        logger_provider=logger_provider,
        exception_signal=config.exception_signal,
        root_watch=_root_watch(config),
    )
    provider.add_span_processor(processor)
    _watched.append((provider, processor))


def _redactor_of(config: LogCapyConfig) -> LateRedactor:
    """That of the records where there is one: what it has found clean in a record it need not search in its span."""
    processor = _handle.processor if _handle is not None else None
    return processor.redactor if processor is not None and processor.config == config else LateRedactor(config)


def _follow_levels(processor: LogCapyLogRecordProcessor, config: LogCapyConfig) -> None:
    """Open loggers for what levels that change while the application runs let through."""
    processor.levels_changed = open_loggers
    if config.levels_file is not None and processor.admission is not None:
        open_loggers(processor.admission.sampler.levels.levels)


def _root_watch(config: LogCapyConfig) -> Admission | None:
    """Who wants to know of local roots: where records wait for the fate of their trace."""
    processor = _handle.processor if _handle is not None else None
    return processor.admission if processor is not None and config.buffer_until_error else None


def _capture_logging(provider: LoggerProvider, report: Report, stand_in: Callable[[], None]) -> Callable[[], None]:
    """Listen to the standard library's logging, from the level that the variable says.

    The root logger lets nothing through below WARNING unless somebody says so; where nobody has, INFO is let through.
    """
    level = environment.log_level(report)
    root = logging.getLogger()
    before = root.level
    wanted = level if level is not None else logging.INFO
    if (level is not None or before == logging.WARNING) and before > wanted:
        root.setLevel(wanted)
    uninstall = install(HandlerBesideAccess(level or logging.NOTSET, provider), stand_in)

    def stop() -> None:
        uninstall()
        if root.level == wanted:
            root.setLevel(before)

    return stop


_handle: Handle | None = None
_watched: list[tuple[object, LogCapySpanProcessor]] = []
