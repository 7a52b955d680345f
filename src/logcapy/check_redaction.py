"""``logcapy check-redaction``: shows what would be masked in a file of logs, and by which rule."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from . import environment
from .config import LogCapyConfig
from .errors import ConfigError
from .process.redact import Redactor

FOUND, NOTHING_FOUND, UNUSABLE = 1, 0, 2


def run(path: str, presets: tuple[str, ...] | None, *, as_json: bool, out: TextIO | None = None) -> int:
    """Print each line that would be changed, as it would leave.

    Args:
        path: Of a text file; ``-`` for standard input.
        presets: Instead of those that ``LOGCAPY_REDACT`` says.
        as_json: One object a line: ``line``, ``rules`` and ``text``.
        out: Where to print. Default: standard output.

    Returns:
        1 where something would be masked, 0 where nothing would, 2 where a setting or the file cannot be used.
    """
    out = out or sys.stdout
    try:
        config = environment.logcapy_config(environment.raise_error)
        redactor = Redactor(config if presets is None else replace(config, redact=presets))
        lines = sys.stdin if path == "-" else Path(path).open(encoding="utf-8", errors="replace")  # noqa: SIM115 - closed below
    except (ConfigError, OSError) as error:
        print(f"logcapy check-redaction: {error}", file=sys.stderr)
        return UNUSABLE
    with lines:
        found = _check(lines, redactor, out, as_json=as_json)
    rules = ", ".join(f"{rule} {count}" for rule, count in redactor.counts().items()) or "nothing"
    print(f"{found} lines would be changed; masked: {rules}", file=sys.stderr)
    return FOUND if found else NOTHING_FOUND


def _check(lines: Iterable[str], redactor: Redactor, out: TextIO, *, as_json: bool) -> int:
    changed = 0
    before = redactor.counts()
    for number, line in enumerate(lines, start=1):
        text = line.rstrip("\r\n")
        redacted = redactor.text(text)
        if redacted == text:
            continue
        changed += 1
        after = redactor.counts()
        rules = [rule for rule, count in after.items() if count > before.get(rule, 0)]
        before = after
        told = {"line": number, "rules": rules, "text": redacted}
        print(json.dumps(told) if as_json else f"{number}: {redacted}  <- {', '.join(rules)}", file=out)
    return changed


def presets_of(text: str) -> tuple[str, ...]:
    """The presets of an argument, ``credentials,gdpr``."""
    row = next(row for row in LogCapyConfig.rows if row.field == "redact")
    names = row.parse(text)
    assert isinstance(names, tuple)
    return names
