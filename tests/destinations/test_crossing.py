"""Nothing is lost on the way from an application to a real destination that is killed meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from servers import postgres, testbed

from .cloudwatch import CloudWatchReceiver
from .crossing import Crossed, cross
from .kafka import KafkaReceiver
from .loki import LokiReceiver
from .opensearch import OpenSearchReceiver
from .postgres import PostgresReceiver

RECORDS = 5_000

pytestmark = [pytest.mark.servers, pytest.mark.slow]


def assert_all_once(crossed: Crossed) -> None:
    assert (crossed.sent, crossed.lost, crossed.twice) == (RECORDS, 0, 0), crossed.told


@pytest.mark.parametrize("shape", ["json", "otlp"])
def test_every_record_of_an_application_is_in_loki_which_was_killed_meanwhile(
    loki_binary: Path, tmp_path: Path, shape: str
) -> None:
    with LokiReceiver(loki_binary, tmp_path / "loki", shape) as receiver:
        assert_all_once(cross(receiver, RECORDS, tmp_path))


def test_every_record_of_an_application_is_in_opensearch_which_was_killed_meanwhile(tmp_path: Path) -> None:
    program = testbed.program("opensearch", "opensearch-2.19.4/bin/opensearch")
    with OpenSearchReceiver(program) as receiver:
        assert_all_once(cross(receiver, RECORDS, tmp_path))


def test_every_record_of_an_application_is_in_postgresql_which_was_killed_meanwhile(tmp_path: Path) -> None:
    programs = postgres.programs()
    if programs is None:
        testbed.missing("postgres", "no initdb")
    assert programs is not None
    with PostgresReceiver(programs) as receiver:
        assert_all_once(cross(receiver, RECORDS, tmp_path))


def test_every_record_of_an_application_is_read_from_kafka_whose_brokers_stopped_meanwhile(
    collector_binary: Path, tmp_path: Path
) -> None:
    """What the brokers took without a word is sent again, and is there twice."""
    with KafkaReceiver(collector_binary, tmp_path / "kafka") as receiver:
        crossed = cross(receiver, RECORDS, tmp_path)
    assert (crossed.sent, crossed.lost) == (RECORDS, 0), crossed.told


def test_every_record_of_an_application_is_in_cloudwatch_whose_connections_were_cut_meanwhile(tmp_path: Path) -> None:
    """moto's. What was taken while its answer was cut off is sent again, and is there twice."""
    with CloudWatchReceiver() as receiver:
        crossed = cross(receiver, RECORDS, tmp_path)
    assert (crossed.sent, crossed.lost) == (RECORDS, 0), crossed.told
