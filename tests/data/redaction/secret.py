"""What a secret of the corpus is, and how a kind of them is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .draw import Draw


@dataclass(frozen=True)
class Secret:
    """One secret.

    Args:
        kind: Which kind it is of.
        preset: What must be asked for so that it is masked.
        value: What must not be found in anything that leaves.
        text: Holds the value, with what shows that it is a secret.
        key: A name that makes a secret of the bare value beside it; None if ``text`` alone tells.
    """

    kind: str
    preset: str
    value: str
    text: str
    key: str | None = None


#: Gives the value, the text that holds it (None: the value itself), and the key, if one makes it a secret.
Make = Callable[[Draw, int], "str | tuple[str, str] | tuple[str, str, str]"]


@dataclass(frozen=True)
class Kind:
    """A kind of secrets.

    Args:
        name: Its name.
        preset: What must be asked for so that it is masked.
        make: Makes the secret with an index.
        count: How many of them there are.
    """

    name: str
    preset: str
    make: Make
    count: int = 6

    def secrets(self) -> Iterator[Secret]:
        """Its secrets, the same in each run."""
        draw = Draw(f"redaction corpus: {self.name}")
        for index in range(self.count):
            made = self.make(draw, index)
            value, text, key = (made, made, None) if isinstance(made, str) else (*made, None)[:3]
            yield Secret(self.name, self.preset, value, text, key)


def beside(value: str, key: str, index: int) -> tuple[str, str, str]:
    """A value that only its key makes a secret, as texts write the two: each form in turn."""
    forms = (
        f"{key}={value}",
        f'{{"id": 7, "{key}": "{value}"}}',
        f"{key}: {value}",
        f"{{'{key}': '{value}'}}",
        f"call({key}='{value}', retries=3)",
        f"/cb?{key}={value}&state=1",
    )
    return value, forms[index % len(forms)], key
