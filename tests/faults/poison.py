"""Rows 13, 14 and 25: what an application logs."""

from __future__ import annotations

import logging
import math
import time
from typing import Any

from logcapy.render.colour import Paint
from logcapy.render.pretty import Renderer
from logcapy.tail.decode import PROTOBUF, decode_logs
from servers.http import scripted_server

from .figure import Measured, Scale, row
from .pipelines import Pipeline, all_bodies, ours, stock


def _cycle() -> list[Any]:
    cycle: list[Any] = ["before"]
    cycle.append(cycle)
    return cycle


def _deep(levels: int) -> list[Any]:
    nested: list[Any] = ["bottom"]
    for _ in range(levels):
        nested = [nested]
    return nested


def _poison() -> list[Any]:
    kinds = [object(), ValueError("boom"), 2**63, "lone \ud800", _cycle(), _deep(200), b"\xff\x00", math.nan]
    return [*kinds, *kinds, {1, 2}, 10**5000, {"nested": object()}, {"a\ud800": 1}]


@row(
    13,
    "20 poison bodies in a batch of 512 (object, Exception, int ≥ 2⁶³, lone surrogate, cycle, 200 deep, bytes, NaN)",
    "the other 492 intact, the 20 degraded readably",
)
def row_13(_scale: Scale) -> Measured:
    intact, poisoned = _of_a_poisoned_batch(ours)
    stock_intact, stock_poisoned = _of_a_poisoned_batch(stock)
    return Measured(
        f"{intact} of 492 intact, {poisoned} of 20 readable",
        (intact, poisoned) == (492, 20),
        f"{stock_intact} of 492, {stock_poisoned} of 20 arrive",
    )


def _of_a_poisoned_batch(pipeline_of: Any) -> tuple[int, int]:
    """How many of each kind arrive; of the poison only what says anything."""
    poison = _poison()
    good = [f"good {number}" for number in range(512 - len(poison))]
    bodies: list[Any] = list(good)
    for number, body in enumerate(poison):
        bodies.insert(number * 25, body)
    with scripted_server() as server:
        pipeline = pipeline_of(server.url, delay_millis=5_000)
        pipeline.log(*bodies)
        pipeline.flush()
        pipeline.shutdown()
        records = [record for request in server.requests for record in decode_logs(request.body, PROTOBUF)]
    arrived = [record.body for record in records]
    others = [body for body in arrived if body not in good and body not in (None, "")]
    return len(set(good) & {body for body in arrived if isinstance(body, str)}), len(others)


class _Raising:
    def __str__(self) -> str:
        raise RuntimeError("not today")

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        raise RuntimeError("not today")


class _NoText:
    def __str__(self) -> str:
        return 42  # type: ignore[return-value]  # the point

    __repr__ = __str__


class _Slow:
    """Takes its time whenever somebody asks for its text."""

    SECONDS = 0.1

    def __init__(self) -> None:
        self.asked = 0

    def __str__(self) -> str:
        self.asked += 1
        time.sleep(self.SECONDS)
        return "slow"

    __repr__ = __str__


class _Ending:
    def __str__(self) -> str:
        raise RecursionError("no end")

    __repr__ = __str__


@row(
    14,
    "__str__, __repr__, __format__ that raise, sleep or return no str; cycles; 2,000 deep; wrong %-arguments",
    "nothing raised into the caller; bounded depth and time; each record arrives and says what failed",
)
def row_14(_scale: Scale) -> Measured:
    raised, arrived, telling, slowest, asked = _hostile_calls(ours)
    stock_raised, stock_arrived, _, _, stock_asked = _hostile_calls(stock)
    count = len(_calls())
    return Measured(
        f"{raised} of {count} calls raise, {arrived} arrive, {telling} say what failed; "
        f"the slowest takes {slowest * 1000:.0f} ms of its own, "
        f"a slow text is asked for {asked} times in 2 records",
        (raised, arrived, asked) == (0, count, 2) and telling >= _FAILING and slowest < 0.25,
        f"{stock_raised} of {count} raise, {stock_arrived} arrive, a slow text is asked for {stock_asked} times",
    )


#: Three texts that fail, in four places, and four messages with wrong arguments.
_FAILING = 16


def _calls() -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Arguments of calls of a logger; the last but one and the last have a slow text."""
    bad: list[Any] = [_Raising(), _NoText(), _Ending(), _cycle(), _deep(2000)]
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = [(("order %s", each), {}) for each in bad]
    calls += [((each,), {}) for each in bad]
    calls += [(("order",), {"extra": {"which": each}}) for each in bad]
    calls += [(("order",), {"extra": {"which": {"nested": [each]}}}) for each in bad]
    calls += [
        (("%d orders", "many"), {}),
        (("%s and %s", 1), {}),
        (("no place for it", 1), {}),
        (("%(name)s", {"other": 1}), {}),
    ]
    slow = _Slow()
    return [*calls, (("order %s", slow), {}), (("order",), {"extra": {"which": slow}})]


def _hostile_calls(pipeline_of: Any) -> tuple[int, int, int, float, int]:
    """How many raise, arrive, say what failed; the longest call without the text's own time, how often it was asked."""
    raised, slowest = 0, 0.0
    with scripted_server() as server:
        pipeline: Pipeline = pipeline_of(server.url)
        logger = pipeline.logger()
        calls = _calls()
        slow = calls[-1][1]["extra"]["which"]
        for arguments, options in calls:
            own, asked = time.monotonic(), slow.asked
            try:
                logger.info(*arguments, **options)
            except Exception:
                raised += 1
            slowest = max(slowest, time.monotonic() - own - (slow.asked - asked) * slow.SECONDS)
        pipeline.flush()
        pipeline.shutdown()
        arrived = [record for request in server.requests for record in decode_logs(request.body, PROTOBUF)]
    said = [f"{record.body} {record.attributes}" for record in arrived]
    telling = sum("failed with" in text or "could not be formatted" in text for text in said)
    return raised, len(arrived), telling, slowest, slow.asked


HOSTILE_TEXTS = [
    "line one\nline two",
    "carriage\rreturn",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "nul \x00 byte",
    "right \u202e to left \u2066 isolate",
    "line\u2028separator\u2029 \x85 next",
    "\x9b31m C1",
]


@row(
    25,
    "Newline, ANSI escape, NUL, bidi control in the message",
    "console: one record stays one line, escapes are inert; OTLP: unchanged",
)
def row_25(_scale: Scale) -> Measured:
    with scripted_server() as server:
        pipeline = ours(server.url)
        logger = pipeline.logger()
        for text in HOSTILE_TEXTS:
            logger.log(logging.INFO, text)
            logger.log(logging.INFO, "order %s", text)
        pipeline.flush()
        pipeline.shutdown()
        sent = [each for text in HOSTILE_TEXTS for each in (text, f"order {text}")]
        unchanged = sum(one == other for one, other in zip(all_bodies(server.requests), sent, strict=True))
        renderer = Renderer(Paint(enabled=False))
        shown = [
            renderer.render(record) for request in server.requests for record in decode_logs(request.body, PROTOBUF)
        ]
    inert = sum(text.endswith("\n") and text[:-1].isprintable() for text in shown)
    return Measured(
        f"{unchanged} of {len(sent)} unchanged in OTLP, {inert} of {len(sent)} on one line and inert in `logcapy tail`",
        unchanged == inert == len(sent),
    )
