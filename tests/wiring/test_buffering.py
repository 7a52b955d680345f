"""Records wait for the fate of their trace under opentelemetry-instrument."""

from __future__ import annotations

import pytest

from .conftest import Program

pytestmark = pytest.mark.slow


def test_records_of_traces_that_fail_arrive_and_those_of_others_do_not(program: Program) -> None:
    run = program.run(
        """
        import logging
        from opentelemetry import trace
        log, tracer = logging.getLogger("shop"), trace.get_tracer("shop")
        for name in ("fine", "failed", "raised"):
            try:
                with tracer.start_as_current_span(name):
                    log.debug("debug of %s", name)
                    log.info("info of %s", name)
                    if name == "failed":
                        log.error("error of %s", name)
                    if name == "raised":
                        raise ValueError("no")
            except ValueError:
                pass
        """.replace("\n        ", "\n"),
        LOGCAPY_BUFFER_UNTIL_ERROR="true",
        OTEL_PYTHON_LOG_LEVEL="debug",
    )
    assert run.returncode == 0
    of_shop = [record.body for record in program.records if record.scope_name == "shop"]
    assert of_shop[:5] == ["debug of failed", "info of failed", "error of failed", "debug of raised", "info of raised"]
    assert not any("fine" in body for body in of_shop)
