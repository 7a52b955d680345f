"""LogCapy: logs and exceptions of Python as first-class OpenTelemetry signals.

::

    import logcapy

    handle = logcapy.configure()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__
from .capture.exceptions import ExceptionProcessor
from .capture.spans import LogCapySpanProcessor
from .capture.stdlib import LogCapyHandler
from .config import BatchConfig, LogCapyConfig, OtlpConfig, RedactionConfig, Tenant
from .deliver.accounting import Stats
from .deliver.batch import BatchLogRecordProcessor
from .errors import ConfigError, ExportError, LogCapyError, PermanentExportError, RetryableExportError
from .handle import Handle
from .process.context import context
from .processor import LogCapyLogRecordProcessor

if TYPE_CHECKING:
    from ._configure import configure, configure_logging
    from .capture.catching import catch
    from .capture.logger import CapyLogger, get_logger
    from .capture.retrying import retry, retry_context
    from .deliver.health import Health
    from .integrations.asgi import LogCapyMiddleware
    from .process.redaction.secret import Secret
    from .routing import Route, RoutedRecord

#: Imported when somebody asks for them: an application that is started without code may never do.
_LATER = {
    "CapyLogger": ".capture.logger",
    "Health": ".deliver.health",
    "LogCapyMiddleware": ".integrations.asgi",
    "Route": ".routing",
    "RoutedRecord": ".routing",
    "Secret": ".process.redaction.secret",
    "catch": ".capture.catching",
    "configure": "._configure",
    "configure_logging": "._configure",
    "get_logger": ".capture.logger",
    "retry": ".capture.retrying",
    "retry_context": ".capture.retrying",
}

__all__ = [
    "BatchConfig",
    "BatchLogRecordProcessor",
    "CapyLogger",
    "ConfigError",
    "ExceptionProcessor",
    "ExportError",
    "Handle",
    "Health",
    "LogCapyConfig",
    "LogCapyError",
    "LogCapyHandler",
    "LogCapyLogRecordProcessor",
    "LogCapyMiddleware",
    "LogCapySpanProcessor",
    "OtlpConfig",
    "PermanentExportError",
    "RedactionConfig",
    "RetryableExportError",
    "Route",
    "RoutedRecord",
    "Secret",
    "Stats",
    "Tenant",
    "__version__",
    "catch",
    "configure",
    "configure_logging",
    "context",
    "get_logger",
    "retry",
    "retry_context",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_LATER[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
