"""The client's address behind proxies that are trusted."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from logcapy import ConfigError
from logcapy.config import LogCapyConfig
from logcapy.integrations.asgi import LogCapyMiddleware
from logcapy.process import serving
from logcapy.process.proxies import client_behind
from wiring.conftest import Program, program

from .serving import Records, get, served_by_uvicorn, served_by_wsgiref
from .zero_code import PROGRAM

__all__ = ["program"]  # the fixture

TRUSTED = tuple(ip_network(one) for one in ("10.0.0.0/8", "fd00::/8", "127.0.0.1"))


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    yield
    serving.use(None)


@pytest.mark.parametrize(
    ("x_forwarded_for", "client"),
    [
        (["203.0.113.7"], "203.0.113.7"),
        (["6.6.6.6, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        (["6.6.6.6", "203.0.113.7", "10.0.0.2"], "203.0.113.7"),
        (["203.0.113.7:4711,10.0.0.2:80"], "203.0.113.7"),
        (["[2001:DB8::1]:443"], "2001:db8::1"),
        (["2001:db8::1, fd00::1"], "2001:db8::1"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (["6.6.6.6, nobody, 10.0.0.2"], "10.0.0.2"),
        (["6.6.6.6,, 10.0.0.2"], "10.0.0.2"),
        (["fe80::1%<script>"], None),
        (["nobody"], None),
        ([""], None),
        ([], None),
    ],
)
def test_x_forwarded_for_is_read_from_the_right_up_to_the_first_that_is_not_trusted(
    x_forwarded_for: list[str], client: str | None
) -> None:
    assert client_behind("10.0.0.1", [], x_forwarded_for, TRUSTED) == client


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (["for=203.0.113.7"], "203.0.113.7"),
        (['For="[2001:db8:cafe::17]:4711"'], "2001:db8:cafe::17"),
        (["for=6.6.6.6, for=203.0.113.7;proto=http;by=10.0.0.1"], "203.0.113.7"),
        (["proto=https; FOR = 203.0.113.7 ;host=a", "for=10.0.0.2"], "203.0.113.7"),
        (['for="6.6.6.6, for=203.0.113.7'], "203.0.113.7"),
        (["for=6.6.6.6, for=_hidden, for=10.0.0.2"], "10.0.0.2"),
        (["for=6.6.6.6, for=unknown"], None),
        (["for=6.6.6.6, proto=https"], None),
        (["xfor=6.6.6.6"], None),
    ],
)
def test_forwarded_is_read_so_too(forwarded: list[str], client: str | None) -> None:
    assert client_behind("10.0.0.1", forwarded, [], TRUSTED) == client


def test_of_two_headers_that_disagree_neither_is_believed() -> None:
    assert client_behind("10.0.0.1", ["for=6.6.6.6"], ["203.0.113.7"], TRUSTED) is None
    assert client_behind("10.0.0.1", ["for=203.0.113.7"], ["203.0.113.7"], TRUSTED) == "203.0.113.7"


@pytest.mark.parametrize("peer", ["203.0.113.1", "", None, "unix:", 7])
def test_who_is_not_trusted_is_not_believed(peer: Any) -> None:
    assert client_behind(peer, ["for=6.6.6.6"], ["6.6.6.6"], TRUSTED) is None


def test_a_list_without_end_costs_no_more_than_its_last_hops() -> None:
    assert client_behind("10.0.0.1", [], ["6.6.6.6," + "10.0.0.2," * 100_000 + "10.0.0.3"], TRUSTED) == "10.0.0.2"


@given(
    st.lists(st.text(alphabet='for="[]:;,. 0129abx%_\\\0é') | st.text()),
    st.lists(st.text(alphabet="0129:.,[]%fe ") | st.text()),
)
def test_whatever_is_sent_an_address_or_nothing_comes_of_it(forwarded: list[str], x_forwarded_for: list[str]) -> None:
    client = client_behind("10.0.0.1", forwarded, x_forwarded_for, TRUSTED)
    assert client is None or str(ip_address(client)) == client


def _starlette(records: Records, provider: TracerProvider | None) -> Any:
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

    async def here(request: Request) -> PlainTextResponse:
        records.log("here")
        return PlainTextResponse("")

    app: Any = Starlette(routes=[Route("/", here)])
    return LogCapyMiddleware(OpenTelemetryMiddleware(app, tracer_provider=provider) if provider else app)


def _flask(records: Records, provider: TracerProvider | None) -> Any:
    from flask import Flask
    from opentelemetry.instrumentation.flask import FlaskInstrumentor

    from logcapy.integrations.flask import LogCapy

    app = Flask("shop")

    @app.get("/")
    def here() -> str:
        records.log("here")
        return ""

    if provider:
        FlaskInstrumentor.instrument_app(app, tracer_provider=provider)
    LogCapy(app)
    return app


@pytest.mark.parametrize("traced", [True, False])
@pytest.mark.parametrize(("make", "served"), [(_starlette, served_by_uvicorn), (_flask, served_by_wsgiref)])
@pytest.mark.parametrize(
    ("trusted", "client"), [(("127.0.0.1",), "203.0.113.7"), (("10.0.0.0/8",), "127.0.0.1"), ((), "127.0.0.1")]
)
def test_a_record_has_the_clients_address_by_the_word_of_a_trusted_peer_whatever_the_span_says(
    make: Any, served: Any, traced: bool, trusted: tuple[str, ...], client: str
) -> None:
    records, provider = Records(), TracerProvider() if traced else None
    serving.use(LogCapyConfig(trusted_proxies=trusted))
    with served(make(records, provider)) as port:
        # uvicorn itself believes X-Forwarded-For of 127.0.0.1 by default, and does not know Forwarded.
        assert get(port, "/", {"Forwarded": "for=6.6.6.6, for=203.0.113.7"}) == 200
    found = records.only("here")
    assert found["client.address"] == client


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "client"), [("127.0.0.0/8,::1", "203.0.113.7"), ("", "127.0.0.1"), ("off", "127.0.0.1")]
)
def test_under_opentelemetry_instrument_the_variable_decides(program: Program, setting: str, client: str) -> None:
    run = program.run(PROGRAM, LOGCAPY_TRUSTED_PROXIES=setting, REQUEST_HEADERS="x-forwarded-for: 6.6.6.6, 203.0.113.7")
    (order,) = [record for record in program.records if record.body == "order"]
    assert order.attributes["client.address"] == client, run.stderr
    assert "LOGCAPY" not in str(run.said)


@pytest.mark.slow
def test_what_is_no_network_is_told_by_its_name_and_nobody_is_trusted(program: Program) -> None:
    run = program.run(
        PROGRAM, LOGCAPY_TRUSTED_PROXIES="127.0.0.1,10.0.0.0/99", REQUEST_HEADERS="x-forwarded-for: 203.0.113.7"
    )
    (order,) = [record for record in program.records if record.body == "order"]
    assert order.attributes["client.address"] == "127.0.0.1"
    assert any("LOGCAPY_TRUSTED_PROXIES" in line and "10.0.0.0/99" in line for line in run.said)


@pytest.mark.parametrize("value", [("10.0.0.1/8",), ("proxy.example",), ("",), "10.0.0.1", (7,)])
def test_in_code_such_a_value_raises(value: Any) -> None:
    with pytest.raises(ConfigError, match="trusted_proxies"):
        LogCapyConfig(trusted_proxies=value)
