"""Measure redaction beside others on one corpus, and write the table of docs/redaction.md.

Usage: make compare-redaction
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote_plus

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from tests.redaction.innocent import innocent  # noqa: E402
from tests.redaction.kinds import secrets  # noqa: E402
from tests.redaction.peers import PEERS, PLACES  # noqa: E402

ROUNDS = 5
TITLES = {
    "logcapy": "LogCapy, default presets",
    "logcapy-all": "LogCapy, `credentials,pci,email,gdpr,hipaa`",
    "logfire": "logfire {logfire}, its scrubber as it is",
    "fapilog": "fapilog {fapilog}, preset `hardened`",
    "sentry": "sentry-sdk {sentry-sdk}, `EventScrubber(recursive=True)`",
    "plain": "no redaction",
}
_BEGIN, _END = "<!-- comparison: begin -->", "<!-- comparison: end -->"


def run(name: str, place: str, *, redacts: bool) -> tuple[str, float]:
    """What would leave, and the microseconds of a record."""
    with tempfile.TemporaryDirectory() as folder:
        kept, printed = Path(folder, "kept"), Path(folder, "printed")
        with printed.open("wb") as stdout:
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "tests.redaction.peers",
                    name,
                    "with" if redacts else "without",
                    place,
                    str(kept),
                ],
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join((os.environ["PYTHONPATH"], str(ROOT), str(ROOT / "tests"))),
                },
                cwd=folder,
                stdout=stdout,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                timeout=300,
            )
        if done.returncode:
            raise SystemExit(f"{name}, {place}: {done.stderr}")
        left = kept.read_text(errors="replace") + printed.read_text(errors="replace")
    told = [line for line in done.stderr.splitlines() if line.startswith('{"us"')]
    return left, json.loads(told[-1])["us"] if told else 0.0


def _row(name: str) -> str:
    corpus, texts = secrets(), [text for _, text in innocent()]
    leaks = []
    for place in PLACES:
        left, _ = run(name, place, redacts=True)
        leaks.append(sum(one.secret in left or json.dumps(one.secret)[1:-1] in left for one in corpus))
    left, _ = run(name, "look-alikes", redacts=True)
    masked = sum(
        text not in left and json.dumps(text)[1:-1] not in left and quote_plus(text) not in left for text in texts
    )
    costs = []
    for _ in range(ROUNDS):
        pair = [run(name, "look-alikes", redacts=redacts)[1] for redacts in (True, False)]
        costs.append(pair[0] - pair[1])
    versions = {package: version(package) for package in ("logfire", "fapilog", "sentry-sdk")}
    title = re.sub(r"{(.*?)}", lambda found: versions[found[1]], TITLES[name])
    cost = f"{statistics.median(costs):.1f} [{min(costs):.1f}, {max(costs):.1f}]" if name != "plain" else ""
    return f"| {title} | {' | '.join(map(str, leaks))} | {masked} | {cost} |"


def main() -> None:
    """Measure, and write."""
    places = " | ".join(PLACES)
    lines = [
        f"Leaked of {len(secrets())} secrets by place, look-alikes changed of {len(innocent())}, and the processor",
        f"time that redaction adds to a record, in microseconds: median [least, most] of {ROUNDS} rounds, each with",
        "and without in turn.",
        "",
        f"| | {places} | changed | µs |",
        f"|---|{'---|' * len(PLACES)}---|---|",
    ]
    lines += [_row(name) for name in PEERS]
    page = ROOT / "docs/redaction.md"
    before, _, rest = page.read_text().partition(_BEGIN)
    page.write_text(f"{before}{_BEGIN}\n" + "\n".join(lines) + f"\n{_END}{rest.partition(_END)[2]}")


if __name__ == "__main__":
    main()
