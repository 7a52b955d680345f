"""Secrets are taken out of a record before it leaves: body and attributes, however deep they lie.

It fails closed: what cannot be examined, because it raises, lies too deep or has no end, is masked.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord

from logcapy._guard import say_once
from logcapy._later import compiled
from logcapy.config import RedactionConfig
from logcapy.types import MASK

from .redact_drafts import DraftRedactor
from .redaction.cards import CARDS
from .redaction.encoded import EncodedDetector
from .redaction.key_rules import KeyRules
from .redaction.masking import Detector, Masking, silent_mask
from .redaction.pairs import PairRedactor
from .redaction.rules import detectors_of, groups_of
from .redaction.walk import Walk, mask_unseen

#: A shorter text cannot hold a secret and what shows that it is one: ``a@b.io``, ``pwd=x``.
_SHORTEST: Final = 5
#: After how many more passes a text that still changes is masked whole.
_MOST_PASSES: Final = 8
#: Clean texts are remembered, since attributes repeat: how many, and how long one may be.
_REMEMBERED_TEXTS: Final = 1024
_LONGEST_REMEMBERED: Final = 200
#: The same of longer ones, for a short while: a stack comes with its span event, at its span's end and in its record.
_REMEMBERED_LONG_TEXTS: Final = 64
_LONGEST_LONG_REMEMBERED: Final = 8192
#: What a text may take, before it is masked without a further look: so long, and as long as usual ones of its size.
_MOST_SECONDS: Final = 0.010
_SECONDS_PER_CHARACTER: Final = 1e-6
_LONG: Final = 1024


class Redactor(LogRecordProcessor):
    """Masks secrets in records. A transform, a redactor of single texts, and an SDK processor, all in one.

    Never raises. What it has redacted it leaves alone when it sees it again. Safe to use from several threads.

    Args:
        config: Which secrets, and what stands in their place; a :class:`logcapy.LogCapyConfig` is one. Default: the
            default presets.

    Raises:
        ConfigError: A pattern cannot be used.
    """

    def __init__(self, config: RedactionConfig | None = None) -> None:
        config = config or RedactionConfig()
        groups = groups_of(config.redact)
        rules = KeyRules(groups, config.redact_keys, config.redact_allow_keys)
        detectors: list[Detector] = detectors_of(groups)
        if rules.names:
            detectors.append(PairRedactor(rules))
        if detectors:
            detectors.append(EncodedDetector(detectors))
        patterns = _users_own(config.redact_patterns) if config.redact_patterns else []
        self._detectors: tuple[Detector, ...] = (*detectors, *patterns)
        self._masking = Masking(config.redact_action, (config.redact_hash_key or "").encode() or _random_key())
        self._is_secret_key = rules.is_secret
        self._masks_cards = "pci" in groups
        self._clean: set[str] = set()
        self._clean_long: set[str] = set()
        self._plain_keys: set[str] = set()
        #: Redacts drafts that are written, in place; a ``draft.RedactMany``.
        self.drafts = DraftRedactor(
            text=self.text,
            search=self._search,
            value=self.value,
            attributes=self.attributes,
            clean=self._clean,
            plain_keys=self._plain_keys,
            shortest=_SHORTEST if not patterns else 1,
            least_card=CARDS.start,
            remember=self._remember,
            together=1 if patterns else None,
        )
        self._shortest = _SHORTEST if not patterns else 1

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Redact a record in place, for the processors that were added after this one."""
        self(log_record)

    def shutdown(self) -> None:
        """Nothing is kept open."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Nothing is buffered."""
        return True

    def __call__(self, record: ReadWriteLogRecord) -> None:
        """Redact body and attributes of a record, in place."""
        log_record = record.log_record
        body = log_record.body
        if body is not None:
            redacted = self.text(body) if type(body) is str else self.value(body)
            if redacted is not body:
                log_record.body = redacted  # type: ignore[assignment]  # as much an AnyValue as it was
        attributes = log_record.attributes
        if not attributes:
            return
        changed = self.attributes(attributes)
        if changed is not None and not (isinstance(attributes, BoundedAttributes) and _set_items(attributes, changed)):
            log_record.attributes = changed  # type: ignore[assignment]  # see above

    def text(self, text: str) -> str:
        """Mask the secrets in a text; the same object if there are none, the mask alone if it cannot be told."""
        try:
            plain = text if type(text) is str else str.__str__(text)
            if len(plain) < self._shortest or plain in self._clean or plain in self._clean_long:
                return text
            deadline = _Deadline(plain) if len(plain) > _LONG else None
            redacted = self._once(plain, deadline)
            if redacted != plain:
                return self._again(redacted, deadline)
            self._remember(plain)
        except _TooSlowError:
            say_once("redaction:slow", f"a text of {len(text)} characters took too long to search: it is masked whole")
            return self._masking(text, "too_slow")
        except Exception as error:  # noqa: BLE001 - fails closed, whatever it was
            return mask_unseen(error)
        return text

    def counts(self) -> dict[str, int]:
        """How many secrets were masked, by rule."""
        return self._masking.counts()

    def _once(self, text: str, deadline: _Deadline | None) -> str:
        masking = self._masking
        for detect in self._detectors:
            text = detect(text, masking)
            if deadline is not None:
                deadline.check()
        return text

    def _search(self, text: str) -> str:
        """What :meth:`_once` makes of a text, counted nowhere."""
        for detect in self._detectors:
            text = detect(text, silent_mask)
        return text

    def _again(self, text: str, deadline: _Deadline | None) -> str:
        """Redact until nothing is found: a mask can bring to light what stood glued to the secret before it."""
        for _ in range(_MOST_PASSES):
            before, text = text, self._once(text, deadline)
            if text == before:
                return text
        return MASK

    def value(self, value: object) -> object:
        """Mask the secrets in any value: containers at any depth, bytes, numbers, the text of other objects.

        Returns:
            The same object if it holds no secret. Otherwise a copy: mappings become dicts, sequences that are no
            tuple lists, and an object whose text holds a secret becomes its redacted text.
        """
        try:
            return self._walk().value(value)
        except Exception as error:  # noqa: BLE001 - fails closed
            return mask_unseen(error)

    def attributes(self, attributes: Mapping[str, object]) -> dict[str, object] | None:
        """Mask the secrets in attributes, those under a secret key whole; None if nothing had to be changed."""
        try:
            flat = attributes.copy() if isinstance(attributes, BoundedAttributes) else attributes
            return self._walk().attributes(flat)
        except Exception as error:  # noqa: BLE001 - fails closed: what cannot be enumerated is left out
            mask_unseen(error)
            return {}

    def _walk(self) -> Walk:
        return Walk(
            self.text,
            self._is_secret_key,
            self._clean,
            self._plain_keys,
            self._masking,
            masks_cards=self._masks_cards,
        )

    def _remember(self, text: str) -> None:
        if len(text) <= _LONGEST_REMEMBERED:
            _put(text, self._clean, _REMEMBERED_TEXTS)
        elif len(text) <= _LONGEST_LONG_REMEMBERED:
            _put(text, self._clean_long, _REMEMBERED_LONG_TEXTS)


def _put(text: str, remembered: set[str], most: int) -> None:
    if len(remembered) >= most:
        remembered.clear()
    remembered.add(text)


class _TooSlowError(Exception):
    """What was not looked at in time does not leave."""


class _Deadline:
    """Until when a text may be searched.

    In the thread's own time: on a busy machine it waits for a processor, and the text has done nothing wrong. Nor has
    one that is the first that some patterns are compiled for.
    """

    def __init__(self, text: str) -> None:
        self._seconds = _MOST_SECONDS + len(text) * _SECONDS_PER_CHARACTER
        self._begin()

    def _begin(self) -> None:
        self._end = time.thread_time() + self._seconds
        self._compiled = compiled.cache_info().misses

    def check(self) -> None:
        """Go on, or raise."""
        if time.thread_time() > self._end:
            if compiled.cache_info().misses == self._compiled:
                raise _TooSlowError
            self._begin()


def _users_own(patterns: Iterable[str]) -> list[Detector]:
    from .redaction.patterns import PatternDetector  # imported where there are any

    return [PatternDetector(pattern) for pattern in patterns]


@cache
def _random_key() -> bytes:
    """Tokens are then the same within this process, whoever redacts, and in those that are forked from it."""
    return os.urandom(16)


def _set_items(attributes: BoundedAttributes, changed: Mapping[str, object]) -> bool:
    """Put what changed into bounded attributes, so that their limits and counts stay; False if they are frozen."""
    try:
        for key in [key for key in attributes if key not in changed]:
            del attributes[key]
        for key, value in changed.items():
            if attributes.get(key, changed) is not value:
                attributes[key] = value  # type: ignore[assignment]  # as much an AnyValue as it was
    except TypeError:
        return False
    return True
