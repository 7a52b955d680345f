"""loguru: ``LogCapySink().add_to(logger)``."""

from logcapy.capture.loguru import LogCapySink

__all__ = ["LogCapySink"]
