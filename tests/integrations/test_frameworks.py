"""What a record knows of its request, by framework, semantic conventions, sampling, and way of adding LogCapy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_ROUTES = {
    "fastapi": "/orders/{order_id}",
    "fastapi-native": "/orders/{order_id}",
    "starlette": "/orders/{order_id}",
    "flask": "/orders/<order_id>",
    "django": "orders/<order_id>",
    "django-asgi": "orders/<order_id>",
}


@pytest.fixture(scope="module", params=["", "http", "http/dup"], ids=["old", "new", "both"])
def semconv(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=list(_ROUTES))
def served(request: pytest.FixtureRequest, semconv: str) -> tuple[str, dict[str, dict[str, Any]]]:
    return request.param, _printed_by(request.param, semconv=semconv)


def _printed_by(*args: str, semconv: str) -> Any:
    result = subprocess.run(
        [sys.executable, "-m", "tests.integrations.one_framework", *args],
        env={**os.environ, "OTEL_SEMCONV_STABILITY_OPT_IN": semconv},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def _all(framework: str, *, recording: bool) -> dict[str, Any]:
    return {
        "http.request.method": "GET",
        "http.route": _ROUTES[framework],
        "url.path": "/orders/7",
        "url.scheme": "http",
        "client.address": "127.0.0.1",
        "server.address": "127.0.0.1",
        "user_agent.original": "shop/1.0",
        "http.request.header.x-request-id": ["r-1"],
        "recording": recording,
        "bound_id": "7",
        "order_id": "7",
        "user.id": "u-7",
    }


@pytest.mark.slow
@pytest.mark.parametrize("way", ["patched", "added"])
@pytest.mark.parametrize("tracing", ["sampled", "dropped", "none"])
def test_a_record_in_the_endpoint_knows_all_of_its_request_by_its_stable_names_and_not_the_query(
    served: tuple[str, dict[str, dict[str, Any]]], way: str, tracing: str
) -> None:
    framework, found = served
    assert found[f"{way} {tracing}"] == _all(framework, recording=tracing == "sampled")


@pytest.mark.slow
def test_the_server_span_alone_tells_what_it_knows_under_the_same_names(
    served: tuple[str, dict[str, dict[str, Any]]],
) -> None:
    framework, found = served
    bare = found["bare sampled"]
    assert bare.items() <= _all(framework, recording=True).items()
    assert {"http.request.method", "url.scheme", "server.address"} <= set(bare)
    assert ("http.route" in bare) == (framework != "starlette")


@pytest.mark.slow
def test_without_logcapy_in_the_application_and_without_a_sampled_span_nothing_is_known(
    served: tuple[str, dict[str, dict[str, Any]]],
) -> None:
    _, found = served
    assert (
        found["bare none"]
        == found["bare dropped"]
        == {
            "recording": False,
            "bound_id": "7",
            "order_id": "7",
            "user.id": "u-7",
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize("framework", list(_ROUTES))
def test_of_200_concurrent_requests_each_record_and_each_exception_has_its_own_request_values_and_user(
    framework: str,
) -> None:
    found = _printed_by(framework, "concurrent", semconv="")
    numbers = [number + 1000 * (number % 2) for number in range(200)]
    failures = [_told("Failed", number) for number in numbers if number >= 1000]
    assert sorted(found, key=str) == sorted([*(_told(None, number) for number in numbers), *failures], key=str)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["patched", "added"])
@pytest.mark.parametrize("framework", list(_ROUTES))
def test_without_any_tracing_an_error_and_a_handled_one_are_told_once_however_logcapy_was_added(
    framework: str, way: str
) -> None:
    found = _printed_by(framework, way, "failures", semconv="")
    assert found == [_told(None, 1000), _told("Failed", 1000), _told(None, 2000), _told("Refused", 2000)]


def _told(error: str | None, number: int) -> list[Any]:
    kind = None if error is None else f"__main__.{error}"
    return [kind, str(number), str(number), f"u-{number}", [f"r-{number}"], f"/orders/{number}"]
