"""A destination's settings: what variables say, what code says, and what is told of a wrong one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from logcapy import environment
from logcapy.config.destinations import HttpDestinationConfig, http_rows, row
from logcapy.config.setting import names, require
from logcapy.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class ShopConfig(HttpDestinationConfig):
    rows = (
        *http_rows("SHOP"),
        row("SHOP", "key", str, "the shop's key", also=("SHOP_API_KEY",), secret=True),
        row("SHOP", "colours", names, "colours, with commas between"),
    )

    key: str = ""
    colours: tuple[str, ...] = ()
    level: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require("key", self.key, self.key.startswith("k"), "a key that begins with k")


def test_a_variable_of_logcapys_wins_over_the_vendors_and_code_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_API_KEY", "k-vendor")
    assert environment.destination_config(ShopConfig, {}).key == "k-vendor"
    monkeypatch.setenv("LOGCAPY_SHOP_KEY", "k-own")
    assert environment.destination_config(ShopConfig, {}).key == "k-own"
    assert environment.destination_config(ShopConfig, {"key": "k-code"}).key == "k-code"


def test_a_wrong_variable_is_told_by_its_name_and_a_secret_one_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_API_KEY", "hunter2")
    with pytest.raises(ConfigError, match="SHOP_API_KEY") as told:
        environment.destination_config(ShopConfig, {})
    assert "hunter2" not in str(told.value)
    monkeypatch.setenv("SHOP_API_KEY", "k")
    monkeypatch.setenv("LOGCAPY_SHOP_TIMEOUT", "soon")
    with pytest.raises(ConfigError, match="LOGCAPY_SHOP_TIMEOUT='soon'"):
        environment.destination_config(ShopConfig, {})


def test_what_must_be_set_and_is_not_is_told_by_the_variable_that_sets_it() -> None:
    with pytest.raises(ConfigError, match="LOGCAPY_SHOP_KEY"):
        environment.destination_config(ShopConfig, {})


def test_a_field_that_does_not_exist_is_told_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match="did you mean 'timeout'"):
        environment.destination_config(ShopConfig, {"key": "k", "timout": 5})


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"timeout": "5"}, "timeout='5' cannot be used: milliseconds"),
        ({"timeout": True}, "timeout=True cannot be used: milliseconds"),
        ({"certificate": 5}, "certificate=5 cannot be used: the path of a PEM file"),
        ({"headers": "a=hunter2"}, "headers='[REDACTED]' cannot be used: a mapping of names to values, each a text"),
        ({"headers": {"a": 12345}}, "headers='[REDACTED]' cannot be used: a mapping"),
        ({"key": 12345}, "key='[REDACTED]' cannot be used: the shop's key"),
        ({"colours": "red"}, "colours='red' cannot be used: a list of texts"),
        ({"colours": ["red", 5]}, "colours=['red', 5] cannot be used: a list of texts"),
        ({"level": True}, "level='[REDACTED]' cannot be used: of type int | None"),
    ],
)
def test_a_field_with_a_value_of_another_type_is_told_as_a_wrong_one(fields: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        environment.destination_config(ShopConfig, {"key": "k", **fields})
    assert told in str(error.value)


def test_a_whole_number_is_a_number_and_a_list_serves_for_a_tuple() -> None:
    fields = {"key": "k", "timeout": 5, "headers": {"a": "b"}, "colours": ["red"], "certificate": None, "level": None}
    config = environment.destination_config(ShopConfig, fields)
    assert (config.timeout, config.colours) == (5, ("red",))


def test_a_destinations_variables_are_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOGCAPY_SHOP_KEY", "k")
    monkeypatch.setenv("LOGCAPY_SHOP_KYE", "k")
    environment.logcapy_config(environment.raise_error)
    told = capsys.readouterr().err
    assert "there is no variable LOGCAPY_SHOP_KYE; did you mean LOGCAPY_SHOP_KEY?" in told
    assert told.count("there is no variable") == 1
