"""structlog: ``structlog.configure(processors=[..., LogCapyRenderer()])``."""

from logcapy.capture.structlog import LogCapyRenderer

__all__ = ["LogCapyRenderer"]
