"""LogCapy: logs and exceptions of Python as first-class OpenTelemetry signals.

::

    import logcapy

    handle = logcapy.configure()
"""

from ._version import __version__
from .capture.catching import catch
from .capture.exceptions import ExceptionProcessor
from .capture.logger import CapyLogger, get_logger
from .capture.retrying import retry, retry_context
from .capture.spans import LogCapySpanProcessor
from .capture.stdlib import LogCapyHandler
from .config import BatchConfig, LogCapyConfig, OtlpConfig
from .configure import configure
from .deliver.accounting import Stats
from .deliver.batch import BatchLogRecordProcessor
from .deliver.health import Health
from .errors import ConfigError, ExportError, LogCapyError, PermanentExportError, RetryableExportError
from .handle import Handle
from .integrations.asgi import LogCapyMiddleware
from .process.context import context
from .process.redaction.secret import Secret
from .processor import LogCapyLogRecordProcessor

#: The name that newcomers look for.
configure_logging = configure

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
    "RetryableExportError",
    "Secret",
    "Stats",
    "__version__",
    "catch",
    "configure",
    "configure_logging",
    "context",
    "get_logger",
    "retry",
    "retry_context",
]
