"""What configurations and outcomes are as values: equal, hashable, shown, copied."""

from __future__ import annotations

import copy
import pickle
import re
from dataclasses import FrozenInstanceError, replace
from functools import partial
from inspect import Parameter, signature

import pytest
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter

from logcapy import BatchConfig, OtlpConfig, RedactionConfig, Route
from logcapy.config import DeliveryConfig, LogCapyConfig
from logcapy.types import Broken, Delivered, Rejected, Retry, TooLarge


def test_configurations_are_equal_where_their_kind_and_all_fields_are() -> None:
    assert BatchConfig() == BatchConfig(max_queue_size=2048)
    assert BatchConfig() != BatchConfig(max_queue_size=2049)
    assert RedactionConfig() != DeliveryConfig()
    assert LogCapyConfig() == replace(LogCapyConfig(access_log=True), access_log=False)
    assert len({BatchConfig(), BatchConfig(), BatchConfig(max_queue_size=600)}) == 2


ROUTE = Route(InMemoryLogRecordExporter())  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("config", [BatchConfig(), LogCapyConfig(), ROUTE], ids=type)
def test_configurations_stay_as_they_were_made(config: object) -> None:
    before = repr(config)
    for name in ("max_queue_size", "access_log", "destination", "acess_log"):
        with pytest.raises(FrozenInstanceError):
            setattr(config, name, 1)
    with pytest.raises(FrozenInstanceError):
        del config.max_queue_size  # type: ignore[attr-defined]
    assert repr(config) == before


def test_configurations_are_made_of_their_fields_alone_and_each_once() -> None:
    exporter = ROUTE.destination
    assert Route(exporter, "error") == Route(exporter, minimum_severity="error")
    for make, told in (
        (partial(Route), "Route() needs destination"),
        (partial(Route, exporter, destination=exporter), "multiple values for argument 'destination'"),
        (partial(BatchConfig, max_queue_sise=1), "unexpected keyword argument 'max_queue_sise'"),
        (partial(BatchConfig, 1, 2, 3, 4, 5), "too many positional arguments"),
        (partial(RedactionConfig, False), "too many positional arguments"),
    ):
        with pytest.raises(TypeError, match=re.escape(told)):
            make()


def test_configurations_tell_what_they_are_made_of() -> None:
    told = str(signature(BatchConfig))
    assert told.startswith("(schedule_delay: 'float' = 1000, export_timeout: 'float' = 30000, ")
    shared = signature(LogCapyConfig).parameters
    assert shared["access_log"].kind is Parameter.KEYWORD_ONLY
    assert shared["tenants"].default == {}
    assert signature(Route).parameters["destination"].default is Parameter.empty


def test_no_two_configurations_share_a_default_that_can_be_changed() -> None:
    assert OtlpConfig().headers is not OtlpConfig().headers


def test_configurations_show_their_fields_and_no_key() -> None:
    shown = repr(BatchConfig(max_queue_size=600))
    assert shown == (
        "BatchConfig(schedule_delay=1000, export_timeout=30000, max_queue_size=600, max_export_batch_size=512)"
    )
    config = LogCapyConfig(redact_hash_key="hunter2", user_hash_key="hunter2", access_log=True)
    assert "access_log=True" in repr(config)
    assert "hunter2" not in repr(config)


def test_outcomes_are_equal_where_they_say_the_same_whatever_the_status() -> None:
    assert Delivered(200) == Delivered(204) == Delivered()
    assert Retry("busy", 2.0, status=503) == Retry("busy", 2.0)
    assert Retry("busy", 2.0) != Retry("busy", 3.0)
    assert Rejected(1, "no") != Rejected(2, "no")
    assert Broken("no") != TooLarge("no")
    assert len({Broken("no", 401), Broken("no"), TooLarge("no")}) == 2


def test_an_outcome_is_shown_with_its_status_and_survives_copies() -> None:
    outcome = Retry("busy", unreachable=True).with_status(503)
    assert repr(outcome) == "Retry(reason='busy', after_seconds=None, unreachable=True, status=503)"
    for copied in (copy.deepcopy(outcome), pickle.loads(pickle.dumps(outcome))):
        assert (copied, copied.status) == (outcome, 503)
