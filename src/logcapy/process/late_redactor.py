"""A Redactor that is made with the first text: what it looks for fills a dozen modules, and a start needs none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opentelemetry.sdk._logs import ReadWriteLogRecord

from logcapy._guard import say_once
from logcapy._later import importing, with_first_record
from logcapy.config import RedactionConfig
from logcapy.draft import Draft
from logcapy.types import MASK

if TYPE_CHECKING:
    from .redact import Redactor

with_first_record("logcapy.process.redact")


class LateRedactor:
    """Does what :class:`logcapy.process.redact.Redactor` does. Where that cannot be imported all is masked.

    Args:
        config: Which secrets, and what stands in their place.

    Raises:
        ConfigError: A pattern cannot be used.
    """

    def __init__(self, config: RedactionConfig) -> None:
        self._config = config
        self._made: Redactor | None = None
        # Patterns are to be refused now; children that are forked before the first text are to have the same hash key.
        if config.redact_patterns or config.redact_action == "hash":
            self._redactor()

    def _redactor(self) -> Redactor:
        if self._made is None:
            with importing():
                if self._made is None:
                    from .redact import Redactor

                    self._made = Redactor(self._config)
        return self._made

    def __call__(self, record: ReadWriteLogRecord) -> None:
        """Redact body and attributes of a record, in place. Never raises."""
        try:
            redactor = self._redactor()
        except Exception as error:  # noqa: BLE001 - fails closed
            record.log_record.body, record.log_record.attributes = _masked(error), {}
        else:
            redactor(record)

    def text(self, text: str) -> str:
        """Mask the secrets in a text; the same object if there are none. Never raises."""
        try:
            redactor = self._redactor()
        except Exception as error:  # noqa: BLE001 - fails closed
            return _masked(error)
        return redactor.text(text)

    def drafts(self, drafts: Sequence[Draft]) -> None:
        """Redact drafts that are written, in place; a ``draft.RedactMany``. Raises where nothing can be imported."""
        self._redactor().drafts(drafts)

    def counts(self) -> dict[str, int]:
        """How many secrets were masked, by rule."""
        return {} if self._made is None else self._made.counts()


def _masked(error: Exception) -> str:
    say_once("no_redaction", f"redaction cannot be imported ({type(error).__name__}): texts are masked whole meanwhile")
    return MASK
