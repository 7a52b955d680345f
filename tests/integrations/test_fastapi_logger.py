"""The logger that FastAPI hands to an end point, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, WebSocket
from websockets.sync.client import connect

from docs.test_pages import code_blocks
from logcapy.integrations import _patch
from logcapy.integrations.fastapi import RequestLogger

from .serving import Records, get, served_by_uvicorn

app = FastAPI()


def stock(log: RequestLogger, order_id: int) -> int:
    log.info("stock asked")
    return order_id * 2


@app.get("/orders/{order_id}")
def order(order_id: int, log: RequestLogger, left: Annotated[int, Depends(stock)]) -> dict[str, int]:
    log.warning("stock is %d", left, extra={"left": left})
    return {"left": left}


@app.get("/items/{name}")
async def item(name: str, log: RequestLogger) -> str:
    log.info("item asked", extra={"logcapy.route.parameters": "own"})
    return name


@app.get("/plain")
async def plain(log: RequestLogger) -> str:
    log.info("plain asked")
    return "plain"


@app.websocket("/live/{room}")
async def live(socket: WebSocket, room: str, log: RequestLogger) -> None:
    await socket.accept()
    log.info("joined %s", room)
    await socket.close()


@pytest.fixture
def served() -> Iterator[tuple[int, Records]]:
    records = Records()
    _patch.install()
    try:
        with records.listening_to(__name__), served_by_uvicorn(app) as port:
            yield port, records
    finally:
        _patch.uninstall()


def test_the_logger_is_of_the_end_points_module_and_tells_of_path_and_request(served: tuple[int, Records]) -> None:
    port, records = served
    assert get(port, "/orders/7") == 200
    in_end_point = records.only("stock is 14")
    assert in_end_point["logcapy.route.parameters"] == {"order_id": "7"}
    assert (in_end_point["left"], in_end_point["url.path"]) == (14, "/orders/7")
    assert in_end_point["code.function.name"] == "order"


def test_a_dependency_gets_it_too(served: tuple[int, Records]) -> None:
    port, records = served
    assert get(port, "/orders/8") == 200
    assert records.only("stock asked")["logcapy.route.parameters"] == {"order_id": "8"}


def test_what_a_call_adds_wins_and_a_parameter_may_have_the_name_of_a_field_of_logging(
    served: tuple[int, Records],
) -> None:
    port, records = served
    assert get(port, "/items/tea") == 200
    assert records.only("item asked")["logcapy.route.parameters"] == "own"


def test_a_path_without_parameters_adds_nothing(served: tuple[int, Records]) -> None:
    port, records = served
    assert get(port, "/plain") == 200
    assert "logcapy.route.parameters" not in records.only("plain asked")


def test_a_websocket_gets_it_too(served: tuple[int, Records]) -> None:
    port, records = served
    with connect(f"ws://127.0.0.1:{port}/live/hall"):
        assert records.only("joined hall")["logcapy.route.parameters"] == {"room": "hall"}


async def greet(greeting: str, log: RequestLogger) -> None:
    log.info("%s", greeting)


class Shop:
    async def __call__(self, log: RequestLogger) -> None:
        log.info("shop asked")


def test_an_end_point_may_be_any_callable(served: tuple[int, Records]) -> None:
    port, records = served
    end_points: dict[str, Any] = {"/shop": Shop(), "/greet": partial(greet, "hello")}
    for path, end_point in end_points.items():
        app.get(path)(end_point)
        assert get(port, path) == 200
    assert records.only("shop asked")["url.path"] == "/shop"
    assert records.only("hello")["url.path"] == "/greet"


def test_the_example_of_the_page_runs() -> None:
    records = Records()
    (example,) = (block for block in code_blocks("docs/exceptions.md", "python") if "RequestLogger" in block)
    names: dict[str, Any] = {"__name__": "shop.orders"}
    exec(example, names)
    with records.listening_to("shop.orders"), served_by_uvicorn(names["app"]) as port:
        assert get(port, "/orders/7") == 200
    asked = records.only("order asked")
    assert (asked["source"], asked["logcapy.route.parameters"]) == ("shop", {"order_id": "7"})
