"""Nothing is lost on the way from an application to a real destination that is killed meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from .crossing import cross
from .loki import LokiReceiver

RECORDS = 5_000


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.parametrize("shape", ["json", "otlp"])
def test_every_record_of_an_application_is_in_loki_which_was_killed_meanwhile(
    loki_binary: Path, tmp_path: Path, shape: str
) -> None:
    with LokiReceiver(loki_binary, tmp_path / "loki", shape) as receiver:
        crossed = cross(receiver, RECORDS, tmp_path)
    assert (crossed.sent, crossed.lost, crossed.twice) == (RECORDS, 0, 0), crossed.told
