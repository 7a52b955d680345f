"""Each way an exception can take, in each framework, on a real server, sampled and not: what arrives over OTLP.

The applications are in ``matrix/``; ``tools/exception_matrix.py`` shows the same beside OpenTelemetry alone.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from .matrix.running import APPLICATIONS, Application, Seen, Told, see, see_start_fail

pytestmark = pytest.mark.slow

_WARN, _ERROR = 13, 17


class Expected(NamedTuple):
    """What an exception leaves.

    Args:
        severity: Of its one full record; None where there is to be none.
        exception_type: Of that record, without its module.
        event_span: The kind of the span that may have an exception event.
        logger: Who alone tells of it, where that is not LogCapy.
    """

    severity: int | None
    exception_type: str = ""
    event_span: str = "SERVER"
    logger: str | None = None


_EXPECTED = {
    "unhandled": Expected(_ERROR, "Boom"),
    "unhandled-async": Expected(_ERROR, "Boom"),
    "handled": Expected(_WARN, "Refused"),
    "handled-with-503": Expected(_ERROR, "Broken"),
    "http-404": Expected(None),
    "http-500": Expected(_ERROR, "HTTPException"),
    "denied": Expected(_WARN, "PermissionDenied", logger="django.request"),
    "invalid": Expected(None),
    "background": Expected(_ERROR, "Boom", "INTERNAL"),
    "streaming": Expected(_ERROR, "Boom"),
    "wrapped-streaming": Expected(_ERROR, "Boom"),
    "before-request": Expected(_ERROR, "Boom"),
    "middleware": Expected(_ERROR, "Boom"),
    "websocket": Expected(_ERROR, "Boom"),
    "left-websocket": Expected(_ERROR, "WebSocketDisconnect", logger="uvicorn.error"),
}
_EXPECTED_OF_ONE = {("Flask", "http-500"): Expected(_ERROR, "InternalServerError")}
#: A WSGI middleware is outside of Flask's instrumentation, which has not begun a span there.
_WITHOUT_SPAN = {("Flask", "middleware")}

_CASES = [
    pytest.param(application, scenario, sampled, id=f"{application.name}-{scenario}-{'in' if sampled else 'out'}")
    for application in APPLICATIONS
    for scenario in application.scenarios
    for sampled in (True, False)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matrix")


@cache
def _seen(application: Application, folder: Path) -> Seen:
    return see(application, folder / application.name.replace(" ", "-"))


@pytest.fixture
def told(application: Application, scenario: str, sampled: bool, folder: Path) -> Told:
    return _seen(application, folder).told[scenario, sampled]


@pytest.fixture
def expected(application: Application, scenario: str) -> Expected:
    return _EXPECTED_OF_ONE.get((application.name, scenario), _EXPECTED[scenario])


@pytest.mark.parametrize(("application", "scenario", "sampled"), _CASES)
def test_an_error_is_told_in_full_once_in_its_trace_and_what_is_no_error_is_not(
    application: Application, scenario: str, sampled: bool, told: Told, expected: Expected
) -> None:
    if expected.severity is None:
        assert told.records == []
        return
    (full,) = told.full
    assert full["severity_number"] == expected.severity
    assert full["attributes"]["exception.type"].endswith(f".{expected.exception_type}")
    assert full["trace_id"] == told.trace_id
    if expected.logger is not None:
        assert [record["scope"] for record in told.records] == [expected.logger]
    assert full["attributes"]["url.path"].startswith(f"/{scenario}/")
    if (application.name, scenario) in _WITHOUT_SPAN:
        assert full["span_id"] == told.caller_span_id
    elif sampled:
        assert full["span_id"] in {span["span_id"] for span in told.spans}
    else:
        assert full["span_id"] not in ("", told.caller_span_id)
        assert told.spans == []


@pytest.mark.parametrize(("application", "scenario", "sampled"), _CASES)
def test_what_others_say_of_the_same_error_refers_to_it_and_is_in_its_trace(told: Told) -> None:
    assert len([record for record in told.records if record["event_name"] == "http.server.request.exception"]) <= 1
    for record in told.records:
        if record not in told.full:
            assert record["trace_id"] == told.trace_id
            assert record["attributes"]["logcapy.exception.fingerprint"]
            assert record["attributes"]["logcapy.exception.reference"]


@pytest.mark.parametrize(("application", "scenario", "sampled"), _CASES)
def test_an_error_is_one_span_event_at_most_on_the_span_it_happened_in(told: Told, expected: Expected) -> None:
    assert len(told.events) <= 1
    assert all(span["kind"] == expected.event_span for span, _ in told.events)


@pytest.mark.parametrize("application", APPLICATIONS, ids=lambda application: application.name)
def test_no_record_of_an_exception_is_without_its_request(application: Application, folder: Path) -> None:
    seen = _seen(application, folder)
    assert seen.unclaimed == []
    said = [line for line in seen.console.splitlines() if line.startswith("logcapy:")]
    assert [line for line in said if "takes the place of" not in line] == []


def test_a_start_that_fails_is_told_once_before_the_process_ends(folder: Path) -> None:
    status, (record,) = see_start_fail(folder / "start")
    assert status == 3
    assert record["severity_text"] == "FATAL"
    assert record["attributes"]["exception.message"] == "no database"
    assert "failing_start.py" in record["attributes"]["exception.stacktrace"]


@pytest.mark.parametrize("application", APPLICATIONS, ids=lambda application: application.name)
def test_the_documentation_shows_what_is_measured(application: Application, folder: Path) -> None:
    told = _seen(application, folder).told
    page = (Path(__file__).parents[2] / "docs" / "exceptions.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| ")]
    shown = {row[1]: (row[3], row[5]) for row in rows if row[0] == application.name}
    assert shown == {path: (told[path, True].cell, told[path, False].cell) for path in application.scenarios}
