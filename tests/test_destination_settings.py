"""A destination's settings: what variables say, what code says, and what is told of a wrong one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from logcapy import environment
from logcapy.config.checks import require
from logcapy.config.destinations import HttpDestinationConfig, http_rows, row
from logcapy.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class ShopConfig(HttpDestinationConfig):
    rows = (*http_rows("SHOP"), row("SHOP", "key", str, "the shop's key", also=("SHOP_API_KEY",), secret=True))

    key: str = ""

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


def test_a_destinations_variables_are_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOGCAPY_SHOP_KEY", "k")
    monkeypatch.setenv("LOGCAPY_SHOP_KYE", "k")
    environment.logcapy_config(environment.raise_error)
    told = capsys.readouterr().err
    assert "there is no variable LOGCAPY_SHOP_KYE; did you mean LOGCAPY_SHOP_KEY?" in told
    assert told.count("there is no variable") == 1
