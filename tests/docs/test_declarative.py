"""The file of the page sets the SDK up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from servers.collector import Collector
from servers.processes import clean_environment

from .test_pages import code_blocks

APP = """
import logging
from opentelemetry import trace
with trace.get_tracer("shop").start_as_current_span("order"):
    logging.getLogger("shop").warning("password=hunter2", extra={"order_note": "ring twice"})
"""


@pytest.mark.slow
@pytest.mark.servers
def test_the_file_of_the_page_sends_logs_and_spans_to_a_collector_and_logs_to_a_file(
    collector: Collector, tmp_path: Path
) -> None:
    (page,) = code_blocks("docs/declarative.md", "yaml")
    service = "shop-by-file"
    (tmp_path / "otel.yaml").write_text(page.replace("value: shop\n", f"value: {service}\n"))
    (tmp_path / "app.py").write_text(APP)
    _, command = code_blocks("docs/declarative.md", "sh")[0].splitlines()
    environment = clean_environment(COLLECTOR=collector.http_endpoint)
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    done = subprocess.run(
        command, shell=True, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    (record,) = collector.wait_for(
        lambda: [one for one in collector.logs(service) if one["body"] == "password=[REDACTED]"]
    )
    (span,) = collector.wait_for(lambda: collector.spans(service))
    assert record["attributes"]["order_note"] == "[REDACTED]"
    assert record["trace_id"] == span["trace_id"]
    assert "password=[REDACTED]" in (tmp_path / "shop.jsonl").read_text()
    assert (tmp_path / "spool").is_dir()
