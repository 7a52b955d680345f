"""What a record is on the console, by format."""

from __future__ import annotations

from collections.abc import Callable

from logcapy.config.destinations.console import ConsoleConfig
from logcapy.render.as_json import json_line
from logcapy.render.colour import Paint
from logcapy.render.escape import inert_json
from logcapy.render.pretty import Renderer
from logcapy.render.stack_colours import stack_colours
from logcapy.render.template import templated
from logcapy.types import Record

from ._bulk_documents import ecs_document, mark_cut
from ._gcp_entry import gcp_entry
from ._json_events import MakeEvent, encode_event
from ._received import received

#: Google Cloud Logging takes entries of 256 KiB, approximately.
GCP_BYTES = 250_000
ECS_BYTES = 1_000_000

#: The text of a record, with its line breaks.
Lines = Callable[[Record], str]


def console_lines(config: ConsoleConfig, *, coloured: bool) -> Lines:
    """What makes the text of a record.

    Args:
        config: The format.
        coloured: Whether people see it on a terminal that has colours.
    """
    if config.format == "json":
        return lambda record: json_line(received(record))
    if config.format == "gcp":
        return _bounded(gcp_entry(config.gcp_project), GCP_BYTES)
    if config.format == "ecs":
        return _bounded(ecs_document, ECS_BYTES)
    if config.format == "pretty":
        highlight = stack_colours() if coloured else None
        renderer = Renderer(Paint(enabled=coloured), whole_stacks=True, highlight=highlight)
        return lambda record: renderer.render(received(record))
    return lambda record: templated(received(record), config.format)


def _bounded(make: MakeEvent, limit: int) -> Lines:
    """JSON on one line of so many bytes at most, with nothing in it that does something to a terminal."""

    def lines(record: Record) -> str:
        line = _inert(record, make, limit)
        # A control character beyond ASCII is spelled out in three times as many bytes.
        return line if len(line.encode()) <= limit else _inert(record, make, limit // 3)

    return lines


def _inert(record: Record, make: MakeEvent, limit: int) -> str:
    return inert_json(encode_event(record, make, mark_cut, limit).decode()) + "\n"
