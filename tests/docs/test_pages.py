"""What the pages show is run."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from logcapy.config import LogCapyConfig, field_names
from servers.processes import RunningProcess, clean_environment, free_port, wait_until
from wiring.conftest import Program, program

__all__ = ["program"]  # the fixture

ROOT = Path(__file__).parents[2]


def code_blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text()
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in blocks]


@pytest.mark.slow
def test_the_tutorials_application_shows_what_the_tutorial_says(program: Program, tmp_path: Path) -> None:
    application = next(block for block in code_blocks("docs/tutorial.md", "python") if block.startswith("# app.py"))
    request = next(block for block in code_blocks("docs/tutorial.md", "sh") if "curl" in block)
    path = re.search(r"http://127\.0\.0\.1:8000(\S+)'", request)
    assert path is not None
    (tmp_path / "app.py").write_text(application)
    port, bin_folder = free_port(), Path(sys.executable).parent
    process = RunningProcess(
        [bin_folder / "opentelemetry-instrument", bin_folder / "uvicorn", "app:app", "--port", str(port)],
        clean_environment(
            OTEL_EXPORTER_OTLP_ENDPOINT=program.endpoint,
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            OTEL_METRICS_EXPORTER="none",
        ),
        tmp_path / "output",
        cwd=tmp_path,
    )
    try:
        process.wait_for_port(port)
        with pytest.raises(urllib.error.HTTPError, match="500"):
            urllib.request.urlopen(
                urllib.request.Request(f"http://127.0.0.1:{port}{path[1]}", method="POST"), timeout=10
            )
        wait_until(lambda: any("exception.type" in one.attributes for one in program.records), 20, lambda: str(process))
    finally:
        process.terminate()
    (charge,) = [one for one in program.records if one.body == "charging card [REDACTED]"]
    failure = next(one for one in program.records if "exception.type" in one.attributes)
    assert charge.trace_id
    assert failure.trace_id == charge.trace_id
    assert "4111111111111111" not in str([(one.body, one.attributes) for one in program.records])


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        *("README.md", "docs/destinations.md", "docs/destinations/loki.md", "docs/destinations/presets.md"),
        *("docs/redaction.md", "docs/sampling.md", "docs/enrichment.md", "docs/routing.md"),
    ],
)
def test_the_python_of_a_page_runs(page: str, tmp_path: Path) -> None:
    for block in code_blocks(page, "python"):
        done = subprocess.run(
            [sys.executable, "-c", block],
            env=clean_environment(OTEL_SDK_DISABLED="true"),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stderr}"


def test_the_settings_page_lists_every_variable_and_no_other() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    read = {variable for row in LogCapyConfig.rows for variable in row.variables}
    assert set(re.findall(r"LOGCAPY_[A-Z_]+[A-Z]", page)) == {name for name in read if name.startswith("LOGCAPY_")}
    assert {row.field for row in LogCapyConfig.rows} == set(field_names(LogCapyConfig))
