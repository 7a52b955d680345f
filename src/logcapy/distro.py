"""What ``opentelemetry-instrument`` calls: entry points, none of which ever raises.

An exception in one of them would disable those that come after. Which distro and which configurator is taken
where several are installed is chance, so the work is in the instrumentor, which comes after either and takes
over the providers of whoever won.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from opentelemetry import trace
from opentelemetry._logs import get_logger_provider
from opentelemetry.instrumentation.distro import BaseDistro
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
from opentelemetry.sdk._logs import LoggerProvider

from . import assemble, environment
from ._guard import describe_error, say_once
from .sdk_setup import SdkConfigurator


class LogCapyDistro(BaseDistro):  # type: ignore[misc]
    """Sets what a distro sets where the user has set nothing: every signal leaves by OTLP over HTTP."""

    def _configure(self, **kwargs: Any) -> None:  # noqa: ARG002 - the interface's signature
        environment.set_distro_defaults()


class LogCapyConfigurator(SdkConfigurator):
    """The configurator, which tells of a failure on stderr and lets the application run."""

    def _configure(self, **kwargs: Any) -> None:
        try:
            super()._configure(**kwargs)
        except Exception as error:  # noqa: BLE001 - telemetry that cannot be set up must not stop the application
            file = environment.declarative_file()
            told = f"OpenTelemetry could not be set up{f' from {file}' if file else ''}: {describe_error(error)}"
            say_once("configurator", told)


class LogCapyInstrumentor(BaseInstrumentor):  # type: ignore[misc]
    """Puts LogCapy in front of the providers that are there.

    A file of declarative configuration may name it, with fields of :class:`logcapy.LogCapyConfig` as options.
    Off with ``OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=logcapy``.
    """

    def instrumentation_dependencies(self) -> Collection[str]:
        """None: the standard library is always there."""
        return ()

    def instrument(self, **kwargs: Any) -> None:
        """Once: where a file names LogCapy, ``opentelemetry-instrument`` comes second, and is right to."""
        if not self.is_instrumented_by_opentelemetry:
            super().instrument(**kwargs)

    def _instrument(self, **kwargs: Any) -> None:
        try:
            if kwargs:
                environment.use_options(kwargs)
            _start()
        except Exception as error:  # noqa: BLE001 - see the module
            say_once("instrumentor", f"could not be started, the application runs without it: {describe_error(error)}")

    def _uninstrument(self, **kwargs: Any) -> None:  # noqa: ARG002 - the interface's signature
        environment.use_options({})
        handle = assemble.current_handle()
        if handle is not None:
            handle.shutdown()


def post_instrument() -> None:
    """Start again after every instrumentation: another one's handler or provider may have come since."""
    if LogCapyInstrumentor().is_instrumented_by_opentelemetry:
        LogCapyInstrumentor()._instrument()


def _start() -> None:
    config = environment.logcapy_config(environment.warn)
    if not config.enabled or environment.sdk_disabled():
        return
    provider = get_logger_provider()
    if not isinstance(provider, LoggerProvider):
        say_once(
            "no provider",
            f"no OpenTelemetry SDK is set up for logs (there is a {type(provider).__name__}), so nothing is captured; "
            "check OTEL_PYTHON_CONFIGURATOR and, where it is set, the logger_provider of OTEL_CONFIG_FILE, "
            "or call logcapy.configure()",
        )
        return
    assemble.start(provider, config, environment.warn)
    assemble.watch_spans(trace.get_tracer_provider(), config, provider)
