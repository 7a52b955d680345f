"""An exporter that another package registers is used by its name, whoever sets the SDK up, with LogCapy's delivery."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.docs.test_pages import code_blocks

from .conftest import Program

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("configurator", ["logcapy_configurator", "configurator"])
def test_an_exporter_of_another_package_is_used_by_its_name(program: Program, configurator: str) -> None:
    packages = program.folder / "packages"
    registered = packages / "folder_exporter-1.0.dist-info"
    registered.mkdir(parents=True)
    (registered / "METADATA").write_text("Metadata-Version: 2.1\nName: folder-exporter\nVersion: 1.0\n")
    (registered / "entry_points.txt").write_text("[opentelemetry_logs_exporter]\nfolder = folder_exporter:ToReceived\n")
    (example, *_) = code_blocks(DOCS / "exporters.md", "python")
    received = program.folder / "received"
    received.mkdir()
    named = (
        "\n\nclass ToReceived(FolderLogRecordExporter):\n"
        f"    def __init__(self):\n        super().__init__({str(received)!r})\n"
    )
    (packages / "folder_exporter.py").write_text(example + named)
    run = program.run(
        "import logging, logcapy\n"
        "logging.getLogger('shop').warning('paid by hunter2, password=hunter2')\n"
        "print([type(one).__module__ for one in logcapy.configure().processor.destinations])",
        PYTHONPATH=str(packages),
        OTEL_LOGS_EXPORTER="folder",
        OTEL_PYTHON_CONFIGURATOR=configurator,
    )
    assert run.stdout == "['logcapy.deliver.batch']\n", run.stderr
    (path,) = received.glob("*.otlp")
    ((logs,),) = (one.scope_logs for one in ExportLogsServiceRequest.FromString(path.read_bytes()).resource_logs)
    assert [one.body.string_value for one in logs.log_records] == ["paid by hunter2, password=[REDACTED]"]
