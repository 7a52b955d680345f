"""Redacts the drafts of a batch together: what holds for all their texts at once need not be asked of each.

If nothing is found in some texts joined by line breaks, nothing is in any of them: no rule needs what stands before
or behind a line break. So a text without secrets, as nearly all are, costs a share of one search. Where something is
found each of the texts is redacted by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from logcapy.draft import Draft, Shared
from logcapy.types import TextRedactor

#: How many texts are joined, and how long one of them may be.
_TOGETHER: Final = 32
_LONGEST: Final = 1000


class DraftRedactor:
    """Masks the secrets of drafts that are written.

    Args:
        text: Masks the secrets of one text; the same object if there are none. Never raises.
        search: The same without a memory; it may raise.
        value: Masks the secrets of any value; never raises.
        attributes: A copy of attributes without their secrets, None if they have none; never raises.
        clean: Texts that are known to hold no secret.
        plain_keys: Keys that are known to hold none and to name none.
        shortest: A shorter text holds no secret.
        least_card: From here on a number may be that of a card.
        remember: Called with an attribute's text that holds no secret.
        together: How many texts may be joined; a rule that needs what stands around a line break allows one.
    """

    def __init__(
        self,
        *,
        text: TextRedactor,
        search: TextRedactor,
        value: Callable[[object], object],
        attributes: Callable[[Mapping[str, object]], dict[str, object] | None],
        clean: set[str],
        plain_keys: set[str],
        shortest: int,
        least_card: int,
        remember: Callable[[str], None],
        together: int | None = None,
    ) -> None:
        self._text = text
        self._search = search
        self._value = value
        self._attributes = attributes
        self._clean = clean
        self._plain_keys = plain_keys
        self._shortest = shortest
        # Not typed as numbers: compiled, each comparison would make objects of them.
        self._under_cards: Any = -least_card
        self._least_card: Any = least_card
        self._remember = remember
        self._most_together: int = together or _TOGETHER

    def __call__(self, drafts: Sequence[Draft]) -> None:
        """Redact in place."""
        bodies: list[str] = []
        owners: list[Draft] = []
        texts: list[str] = []
        places: list[tuple[Draft, str]] = []
        clean, plain_keys, shortest = self._clean, self._plain_keys, self._shortest
        under_cards, least_card = self._under_cards, self._least_card
        for draft in drafts:
            body = draft.body
            if type(body) is str and len(body) <= _LONGEST:
                if len(body) >= shortest and body not in clean:
                    bodies.append(body)
                    owners.append(draft)
            elif body is not None:
                draft.body = self._value(body)
            for shared in draft.shared:
                if shared.clean_by is not self:
                    draft.shared = tuple([self._shared(one) for one in draft.shared])
                    break
            found = len(texts)
            for key, value in draft.own.items():
                if key not in plain_keys:
                    break
                kind = type(value)
                if kind is str:
                    if value not in clean:
                        size = len(value)
                        if size > _LONGEST:
                            break
                        if size >= shortest:
                            texts.append(value)
                            places.append((draft, key))
                elif kind is int or kind is float:
                    if not under_cards < value < least_card:
                        break
                elif value is not None and kind is not bool:
                    break
            else:
                continue
            # Not all of them are usual: they are looked at one by one, those that were found above too.
            del texts[found:], places[found:]
            changed = self._attributes(draft.own)
            if changed is not None:
                draft.own = changed
        for part in self._parts(len(bodies)):
            if self._may_hold_secret(bodies[part]):
                for draft in owners[part]:
                    draft.body = self._text(draft.body)
        for part in self._parts(len(texts)):
            if self._may_hold_secret(texts[part]):
                for draft, key in places[part]:
                    draft.own[key] = self._text(draft.own[key])
            else:
                for text in texts[part]:
                    self._remember(text)

    def _parts(self, count: int) -> list[slice]:
        most = self._most_together
        return [slice(start, start + most) for start in range(0, count, most)]

    def _may_hold_secret(self, texts: Sequence[str]) -> bool:
        joined = "\n".join(texts)
        try:
            return self._search(joined) != joined
        except Exception:  # noqa: BLE001 - one by one it is found out which of them it was
            return True

    def _shared(self, shared: Shared) -> Shared:
        """Redacted once for all records that have them in common."""
        redacted = shared.redacted
        if redacted is None or redacted.clean_by is not self:
            changed = self._attributes(shared)
            redacted = shared.redacted = shared if changed is None else Shared(changed)
            redacted.clean_by = self
        return redacted
