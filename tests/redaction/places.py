"""Where in a record a text may stand: each place logs it as an application would."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from opentelemetry.trace import Tracer

import logcapy


class Shown:
    """An object of the application's that tells a text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return f"Shown({self.text})"

    __repr__ = __str__


Log = Callable[[logging.Logger, str], Any]


def _with_cause(logger: logging.Logger, text: str) -> None:
    try:
        raise ValueError("failed") from LookupError(f"because of {text}")
    except ValueError:
        logger.exception("it failed")


def _with_message(logger: logging.Logger, text: str) -> None:
    try:
        raise ValueError(f"failed for {text}")
    except ValueError:
        logger.exception("it failed")


def _with_note(logger: logging.Logger, text: str) -> None:
    error = ValueError("failed")
    if sys.version_info >= (3, 11):
        error.add_note(f"seen with {text}")
    else:
        error.__notes__ = [f"seen with {text}"]  # type: ignore[attr-defined]  # what a backport does
    logger.error("it failed", exc_info=error)


def _with_variable(logger: logging.Logger, text: str) -> None:
    note = text
    try:
        raise ValueError("failed")
    except ValueError:
        logger.exception("it failed", extra={"length": len(note)})


def _with_context(logger: logging.Logger, text: str) -> None:
    with logcapy.context(note=text, nested={"deep": [text]}):
        logger.info("within")


PLACES: dict[str, Log] = {
    "message": lambda logger, text: logger.info(f"note: {text}"),
    "argument": lambda logger, text: logger.info("note: %s!", text),
    "named argument": lambda logger, text: logger.info("note: %(note)s", {"note": text}),
    "attribute": lambda logger, text: logger.info("noted", extra={"note": text}),
    "nested attribute": lambda logger, text: logger.info("noted", extra={"notes": [{"by": {"kim": [text]}}]}),
    "bytes": lambda logger, text: logger.info("noted", extra={"note": text.encode()}),
    "key of an attribute": lambda logger, text: logger.info("noted", extra={"notes": {text: 1}}),
    "header": lambda logger, text: logger.info("headers %s", [("x-note", text), ("accept", "*/*")]),
    "url": lambda logger, text: logger.info("GET https://api.example.org/notes?page=2&note=" + quote_plus(text)),
    "json in json": lambda logger, text: logger.info(json.dumps({"body": json.dumps({"note": text}), "n": 1})),
    "object": lambda logger, text: logger.info("noted %s", Shown(text)),
    "body": lambda logger, text: logger.info({"note": text, "n": 1}),
    "exception": _with_message,
    "cause": _with_cause,
    "note of an exception": _with_note,
    "variable of a frame": _with_variable,
    "context": _with_context,
    "own logger": lambda _, text: logcapy.get_logger("shop").info("noted", note=text),
}


def in_a_span(tracer: Tracer, text: str) -> None:
    """A span that an exception leaves: it is an event there."""
    try:
        with tracer.start_as_current_span("work"):
            raise ValueError(f"failed for {text}")
    except ValueError:
        pass
