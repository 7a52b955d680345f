"""What the page on catch and retry shows is run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import stamina

from capture.emitted import emitting

from .test_pages import code_blocks

BLOCKS = code_blocks("docs/catch-and-retry.md", "python")


def test_the_example_of_catch_gives_the_records_that_the_page_tells_of() -> None:
    names: dict[str, Any] = {"__name__": "shop"}
    with emitting() as emitted:
        exec(BLOCKS[0], names)
        assert asyncio.run(names["price"]("tea")) == 4.5
        assert asyncio.run(names["price"]("cake")) == 0.0
        first, again, no_price = emitted.records()
    attributes = dict(first.log_record.attributes or {})
    assert attributes["logcapy.call.arguments"] == {"order_id": 7, "card_number": "[REDACTED]"}
    assert attributes["code.function.name"] == "shop.pay"
    assert (again.log_record.attributes or {})["logcapy.exception.reference"] == attributes["log.record.uid"]
    assert (no_price.log_record.severity_text, no_price.log_record.body) == ("WARN", "no price, so it is free")


def test_the_example_of_retry_gives_the_records_that_the_page_tells_of() -> None:
    class Gateway:
        def send(self, order_id: int) -> str:
            raise ConnectionError("refused")

        async def fetch(self) -> str:
            return "fetched"

    names: dict[str, Any] = {"__name__": "shop", "gateway": Gateway()}
    with emitting() as emitted:
        exec(BLOCKS[1], names)
        assert asyncio.run(names["fetch"]()) == "fetched"
        with pytest.raises(ConnectionError):
            names["send"](7)
        bodies = emitted.bodies()
    assert [body.split(", next")[0] for body in bodies] == [
        *("attempt 1 of 3 failed", "attempt 2 of 3 failed", "attempt 3 of 3 failed, the last"),
    ]


def test_the_example_of_hooks_leaves_one_record_of_an_attempt() -> None:
    @stamina.retry(on=OSError, attempts=2, wait_jitter=0.01, wait_initial=0)
    def fail() -> None:
        raise OSError("no")

    try:
        exec(BLOCKS[2], {})
        with emitting() as emitted:
            with pytest.raises(OSError, match="no"):
                fail()
            assert len(emitted.records()) == 1
    finally:
        stamina.instrumentation.set_on_retry_hooks(None)


def test_the_example_of_testing_leaves_stamina_switched_off() -> None:
    try:
        exec(BLOCKS[3], {})
        assert not stamina.is_active()
        assert not stamina.is_testing()
    finally:
        stamina.set_active(True)
