"""What the page on loggers shows is run."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import Any

import loguru
import pytest
import structlog

from capture.decoded import receiving

from .test_pages import code_blocks

OWN, STRUCTLOG, PRINTING, LOGURU = code_blocks("docs/loggers.md", "python")


@pytest.fixture(autouse=True)
def as_they_were() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    loguru.logger.remove()
    loguru.logger.add(sys.stderr)


def test_the_example_of_get_logger_gives_the_records_that_the_page_tells_of() -> None:
    names: dict[str, Any] = {"__name__": "shop"}
    with receiving() as arrived:
        exec(OWN, names)
        logging.getLogger("shop").setLevel(logging.INFO)
        names["pay"](7, 12.5)
        names["charge"](7)
        paid, old, event, failed = arrived.records()
    assert paid["attributes"]["total"] == {"doubleValue": 12.5}
    assert old["body"] == {"stringValue": "order 7 is 30 days old"}
    assert event["eventName"] == "shop.order.paid"
    assert failed["attributes"]["order_id"] == {"intValue": "7"}
    assert failed["attributes"]["exception.type"] == {"stringValue": "ConnectionError"}


def test_the_examples_of_structlog_give_records_and_the_second_prints_too(capsys: pytest.CaptureFixture[str]) -> None:
    with receiving() as arrived:
        exec(STRUCTLOG, {"__name__": "shop"})
        record = arrived.only()
        assert capsys.readouterr().out == ""
        exec(PRINTING, {"__name__": "shop"})
        assert arrived.only()["severityText"] == "WARN"
    assert (record["scope"], record["attributes"]["total"]) == ("shop", {"doubleValue": 12.5})
    assert "order_id=7" in capsys.readouterr().out


def test_the_example_of_loguru_gives_a_record() -> None:
    with receiving() as arrived:
        exec(LOGURU, {"__name__": "shop"})
        record = arrived.only()
    assert record["body"] == {"stringValue": "order 7 paid"}
    assert record["attributes"]["customer"] == {"stringValue": "c-17"}
