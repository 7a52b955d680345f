"""A kit for pytest that any exporter of log records can run: subclass, and say how to make it and what has arrived.

:class:`ExporterConformance` is for whatever has the SDK's interface, :class:`PayloadConformance` for exporters that
are a :class:`logcapy.exporter.PayloadExporter`, and :class:`FaultConformance` comes beside it where the destination
can be made to fail::

    class TestShopExporter(FaultConformance, PayloadConformance):
        max_payload_bytes = 1_000_000

        def make_exporter(self): ...
        def arrived(self, service): ...
        def fail(self, fault): ...
"""

from __future__ import annotations

from ._arrival import Arrived, ExporterConformance
from ._faults import Fault, FaultConformance
from ._payloads import PayloadConformance

__all__ = ["Arrived", "ExporterConformance", "Fault", "FaultConformance", "PayloadConformance"]
