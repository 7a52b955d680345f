"""Sentry with its scrubber looking into what is nested, each record an event, and a transport that keeps them."""

from __future__ import annotations

import json
import logging

import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.scrubber import EventScrubber
from sentry_sdk.transport import Transport

from .opened import Opened, standard


class _Kept(Transport):
    def __init__(self) -> None:
        super().__init__({"dsn": None})
        self.events: list[object] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        event = envelope.get_event()
        if event is not None:
            self.events.append(event)


def open_setup(*, scrubs: bool) -> Opened:
    kept = _Kept()
    scrubber = EventScrubber(recursive=True) if scrubs else EventScrubber(denylist=[], pii_denylist=[])
    sentry_sdk.init(
        dsn="http://public@127.0.0.1:9/1",
        transport=kept,
        event_scrubber=scrubber,
        default_integrations=False,
        integrations=[LoggingIntegration(level=None, event_level=logging.INFO)],
        auto_enabling_integrations=False,
        max_breadcrumbs=0,
    )
    logging.getLogger("shop").propagate = False

    def written() -> list[str]:
        return [json.dumps(event, default=str, ensure_ascii=False) for event in kept.events]

    return Opened(standard(None), sentry_sdk.flush, written)
