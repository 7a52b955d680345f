"""Measures one set-up in a process of its own, and prints what it found as JSON."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from logcapy.config.redaction import ALL_PRESETS, REDACTION_PRESETS
from tests.data.redaction.corpus import SECRETS
from tests.data.redaction.innocent import LOOKALIKES, Lookalike
from tests.data.redaction.secret import Secret

from .cases import innocent_cases, secret_cases, stands_in
from .setups.opened import Opened

_CASE = re.compile(r"corpus [AB] \d+ [^;]*;")
#: How often the look-alikes are logged for the time of a record, their texts a little different each time.
_REPEATS = 4


def _ours(presets: tuple[str, ...]) -> Opened:
    from .setups.ours import open_setup

    return open_setup(presets)


def _logfire(*, on: bool) -> Opened:
    from .setups.logfire_scrubber import open_setup

    return open_setup(scrubs=on)


def _fapilog(*, on: bool) -> Opened:
    from .setups.fapilog_hardened import open_setup

    return open_setup(redacts=on)


def _sentry(*, on: bool) -> Opened:
    from .setups.sentry_scrubber import open_setup

    return open_setup(scrubs=on)


#: Each imports its own packages alone. "off" is the same without redaction.
SETUPS: dict[str, Callable[[], Opened]] = {
    "logcapy off": lambda: _ours(()),
    "logcapy default": lambda: _ours(REDACTION_PRESETS),
    "logcapy all": lambda: _ours(ALL_PRESETS),
    "logfire off": lambda: _logfire(on=False),
    "logfire": lambda: _logfire(on=True),
    "fapilog off": lambda: _fapilog(on=False),
    "fapilog": lambda: _fapilog(on=True),
    "sentry off": lambda: _sentry(on=False),
    "sentry": lambda: _sentry(on=True),
}


def measure_leaks(opened: Opened) -> dict[str, object]:
    """Which secrets are in what was written, and which look-alikes are not."""
    cases = {case.name: case for case in (*secret_cases(), *innocent_cases())}
    for case in cases.values():
        opened.log(case)
    written: dict[str, str] = {}
    opened.finish()
    for text in opened.written():
        found = _CASE.search(text)
        if found is not None:
            written[found[0]] = written.get(found[0], "") + text
    leaked, masked, lost = [], [], []
    for name, case in cases.items():
        if name not in written:
            lost.append(name)
            continue
        here = stands_in(case.of.value, written[name])
        if isinstance(case.of, Secret) and here:
            leaked.append([case.of.preset in REDACTION_PRESETS, case.of.value, case.place])
        elif isinstance(case.of, Lookalike) and not here:
            masked.append([case.of.kind, str(case.of.value)])
    placed = sum(isinstance(case.of, Secret) for case in cases.values())
    usual = sum(secret.preset in REDACTION_PRESETS for secret in SECRETS)
    counts = {"usual": usual, "others": len(SECRETS) - usual, "placed": placed, "lookalikes": len(LOOKALIKES)}
    return {"leaked": leaked, "masked": masked, "lost": lost, **counts}


def measure_time(opened: Opened) -> dict[str, object]:
    """CPU of all threads for a record, in microseconds, of the look-alikes: what applications log all day."""
    cases = [case for number in range(_REPEATS) for case in innocent_cases(f" in {number}")]
    started = time.process_time()
    for case in cases:
        opened.log(case)
    opened.finish()
    return {"microseconds": (time.process_time() - started) * 1e6 / len(cases)}


if __name__ == "__main__":
    _name, _what, _answer = sys.argv[1:]
    _measure = measure_leaks if _what == "leaks" else measure_time
    Path(_answer).write_text(json.dumps(_measure(SETUPS[_name]())))
