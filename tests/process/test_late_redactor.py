"""A redactor that is made with the first text does what one does that is made at once; where it cannot be, all is
masked."""

from __future__ import annotations

import subprocess
import sys

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import ReadWriteLogRecord

from logcapy.config import RedactionConfig
from logcapy.errors import ConfigError
from logcapy.process.late_redactor import LateRedactor

TEXT = "login of kim with password=hunter2hunter2"


@pytest.fixture
def redactor() -> LateRedactor:
    return LateRedactor(RedactionConfig())


def test_what_is_masked_is_counted(redactor: LateRedactor) -> None:
    assert redactor.counts() == {}
    assert redactor.text(TEXT) == "login of kim with password=[REDACTED]"
    record = ReadWriteLogRecord(LogRecord(body=TEXT, attributes={"password": "hunter2", "shop.order": "o-1"}))
    redactor(record)
    assert record.log_record.body == "login of kim with password=[REDACTED]"
    assert dict(record.log_record.attributes or {}) == {"password": "[REDACTED]", "shop.order": "o-1"}
    assert redactor.counts() == {"key": 3}


def test_nothing_leaves_where_redaction_cannot_be_imported(
    redactor: LateRedactor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as missing:
        missing.setitem(sys.modules, "logcapy.process.redact", None)
        assert redactor.text(TEXT) == "[REDACTED]"
        record = ReadWriteLogRecord(LogRecord(body=TEXT, attributes={"shop.order": "o-1"}))
        redactor(record)
        assert (record.log_record.body, record.log_record.attributes) == ("[REDACTED]", {})
        with pytest.raises(ImportError):  # the queue leaves drafts out that it cannot redact, and says so
            redactor.drafts([])
        assert redactor.counts() == {}
    assert redactor.text("nothing in it") == "nothing in it"


def test_a_pattern_that_cannot_be_used_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="redact_patterns"):
        LateRedactor(RedactionConfig(redact_patterns=("(",)))


_TOKENS = """
import os
from logcapy.config import RedactionConfig
from logcapy.process.late_redactor import LateRedactor

redactor = LateRedactor(RedactionConfig(redact_action="hash"))
child = os.fork()
if child:
    os.waitpid(child, 0)
print(redactor.text("password=hunter2"), flush=True)
"""


def test_a_forked_child_makes_the_tokens_of_its_parent() -> None:
    out = subprocess.run([sys.executable, "-c", _TOKENS], capture_output=True, text=True, check=True, timeout=60).stdout
    first, second = out.split()
    assert first == second != "password=[REDACTED]"
