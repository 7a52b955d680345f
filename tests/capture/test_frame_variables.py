"""The variables of the frames that an exception passed."""

from __future__ import annotations

import decimal
import time
from typing import Any

from logcapy.capture.frame_variables import frame_variables

from .observed import Observed


class Account:
    """An object whose text is not to be asked for."""

    def __repr__(self) -> str:
        raise AssertionError("would query the database")


def raised(**values: Any) -> Exception:
    def fail(**given: Any) -> None:
        locals_of(given)

    try:
        fail(**values)
    except ValueError as error:
        return error
    raise AssertionError


def locals_of(given: dict[str, Any]) -> None:
    order_id, account, password = given.get("order_id"), given.get("account"), given.get("password")
    raise ValueError(order_id is account is password)


def innermost(error: Exception) -> dict[str, str]:
    return list(frame_variables(error).values())[-1]


def test_each_of_the_last_frames_is_named_and_its_variables_are_texts() -> None:
    told = frame_variables(raised(order_id=7, account=Account(), password="x"))
    assert [name.split(" at ")[0] for name in told] == ["raised", "fail", "locals_of"]
    variables = list(told.values())[-1]
    assert variables["order_id"] == "7"
    assert variables["account"] == f"<{__name__}.Account>"


def test_texts_are_bounded_in_length_number_and_depth_and_run_no_code_of_the_application() -> None:
    deep: list[Any] = []
    deep.append(deep)
    big = {
        "text": "x" * 10**7,
        "number": 10**5000,
        "list": [Account()] * 10**6,
        "dict": {str(key): "v" * 1000 for key in range(10**5)},
        "deep": deep,
        "decimal": decimal.Decimal("1.50"),
        "set": {1},
        "bytes": b"b" * 10**6,
    }
    start = time.perf_counter()
    for name, value in big.items():
        assert len(innermost(raised(order_id=value))["order_id"]) <= 1010, name
    assert time.perf_counter() - start < 1
    assert innermost(raised(order_id=deep))["order_id"] == "[[[[...]]]]"
    assert innermost(raised(order_id=decimal.Decimal("1.50")))["order_id"] == "Decimal('1.50')"
    assert innermost(raised(order_id=[1] * 12))["order_id"].endswith("1, ... 2 more]")


def test_only_the_last_five_frames_and_thirty_variables_of_each_are_told() -> None:
    def dig(depth: int) -> None:
        if depth:
            dig(depth - 1)
        names = {f"v{number}": number for number in range(50)}
        exec("raise ValueError", {"__name__": "many"}, names)

    try:
        dig(20)
    except ValueError as error:
        told = frame_variables(error)
    assert len(told) <= 5
    assert max(len(variables) for variables in told.values()) == 30


def test_secrets_among_the_variables_do_not_leave() -> None:
    observed = Observed(frame_variables=True)
    observed.log.error(
        "failed", exc_info=raised(order_id={"api_key": "hunter2"}, account="a@b.example", password="hunter2")
    )
    (record,) = observed.full
    told: Any = (record.attributes or {})["logcapy.exception.variables"]
    assert list(told.values())[-1]["password"] == "[REDACTED]"
    assert "hunter2" not in str(told)
    assert "a@b.example" not in str(told)
    assert list(told.values())[-1]["order_id"]


def test_no_variables_are_told_unless_asked_for() -> None:
    observed = Observed()
    observed.log.error("failed", exc_info=raised(password="hunter2"))
    assert "logcapy.exception.variables" not in (observed.full[0].attributes or {})
