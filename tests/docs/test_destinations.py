"""The pages on destinations and exporters: every variable is there, and the example passes the kit."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from logcapy.config.destinations import DestinationConfig
from logcapy.config.destinations.azure import AzureConfig
from logcapy.config.destinations.bulk import OpenSearchConfig
from logcapy.config.destinations.cloudwatch import CloudWatchConfig
from logcapy.config.destinations.console import ConsoleConfig
from logcapy.config.destinations.datadog import DatadogConfig
from logcapy.config.destinations.file import FileConfig
from logcapy.config.destinations.gcp import GcpConfig
from logcapy.config.destinations.kafka import KafkaConfig
from logcapy.config.destinations.loki import LokiConfig
from logcapy.config.destinations.postgres import PostgresConfig
from logcapy.config.destinations.preset import PRESETS, PresetConfig
from logcapy.config.destinations.splunk import SplunkConfig
from logcapy.config.destinations.sqlite import SqliteConfig
from servers.processes import clean_environment

from .test_pages import code_blocks

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("page", "config"),
    [
        *(("datadog", DatadogConfig), ("presets", PresetConfig), ("splunk", SplunkConfig)),
        *(
            ("loki", LokiConfig),
            ("kafka", KafkaConfig),
            ("gcp", GcpConfig),
            ("cloudwatch", CloudWatchConfig),
            ("azure", AzureConfig),
            ("file", FileConfig),
            ("console", ConsoleConfig),
            ("sqlite", SqliteConfig),
            ("postgres", PostgresConfig),
            ("opensearch", OpenSearchConfig),
        ),
    ],
)
def test_the_page_of_a_destination_has_each_of_its_variables_and_no_other(
    page: str, config: type[DestinationConfig]
) -> None:
    text = (DOCS / f"destinations/{page}.md").read_text()
    own = {variable for row in config.rows for variable in row.variables}
    assert own <= set(re.findall(r"[A-Z]+_[A-Z_]+[A-Z]", text))
    assert {name for name in re.findall(r"LOGCAPY_[A-Z_]+[A-Z]", text) if name != "LOGCAPY_ELASTICSEARCH"} <= own


def test_the_page_of_presets_has_each_with_its_variable_host_and_limit() -> None:
    rows = {
        cells[1].strip(" `"): cells
        for cells in (line.split("|") for line in (DOCS / "destinations/presets.md").read_text().splitlines())
        if len(cells) == 7
    }
    for name, preset in PRESETS.items():
        _, _, _, variable, host, limit, _ = rows[name]
        assert variable.strip(" `") == "".join(preset.variables)
        assert (preset.host or "") in host
        assert host.strip().startswith("must be set") == (preset.host is None)
        assert limit.strip() == ("1 MB" if preset.max_bytes else "4 MiB")


@pytest.mark.slow
def test_the_exporter_of_the_page_passes_the_conformance_kit(tmp_path: Path) -> None:
    exporter, module = code_blocks("docs/exporters.md", "python")
    (tmp_path / "folder_exporter.py").write_text(exporter)
    (tmp_path / "test_folder_exporter.py").write_text(module)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        env=clean_environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "12 passed" in done.stdout
