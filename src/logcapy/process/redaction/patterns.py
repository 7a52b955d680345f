"""Users' own patterns: regular expressions that cannot hold everything up.

With google-re2 (``logcapy[re2]``) they are linear in the text by construction. Without it Python's own are used, and
one that could take exponential time is refused. One that proves slow is given shorter texts only; what is longer is
masked without a look.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any, Final

from logcapy._guard import say_once
from logcapy.errors import ConfigError

from .masking import Mask

if hasattr(re, "_parser"):
    from re import _parser as parser  # type: ignore[attr-defined]  # Python 3.11 and later
else:  # pragma: no cover - Python 3.10
    import sre_parse as parser

_NAMED: Final = re.compile(r"([a-z][a-z0-9_]{0,31})=(.+)", re.DOTALL)
#: What one text may take.
_MOST_SECONDS: Final = 0.010
_SHORTEST_LIMIT: Final = 64
_LINEAR: Final = "a pattern without a repeat inside a repeat, (a+)+, or a choice inside one, (a|aa)+; or logcapy[re2]"
_REPEATS: Final = ("MAX_REPEAT", "MIN_REPEAT")


class PatternDetector:
    """Masks what one pattern of the user finds; the group ``secret`` of it, if it has one.

    Args:
        text: ``name=pattern``, or the pattern alone, which is counted as ``pattern``.

    Raises:
        ConfigError: It is no regular expression, it finds an empty text, or it could take exponential time.
    """

    def __init__(self, text: str) -> None:
        named = _NAMED.fullmatch(text)
        self.name, source = named.groups() if named else ("pattern", text)
        self._pattern = _compiled(source)
        if self._pattern.search(""):
            raise ConfigError("redact_patterns", text, "a pattern that does not find an empty text")
        #: The number of the group; of the whole, where there is none. google-re2 tells no position by name.
        self._group: int = self._pattern.groupindex.get("secret", 0)
        #: Longer texts are masked whole.
        self._limit: float = float("inf")

    def __call__(self, text: str, mask: Mask) -> str:
        """``text`` with the finds masked; all of it where it is too long for a pattern that proved slow."""
        if len(text) > self._limit:
            return mask(text, f"{self.name}_unseen")
        started = time.perf_counter()
        redacted: str = self._pattern.sub(lambda found: self._masked(found, mask), text)
        if time.perf_counter() - started > _MOST_SECONDS and self._is_slow(text):
            self._be_slow(len(text))
        return redacted

    def _masked(self, found: Any, mask: Mask) -> str:
        whole: str = found.group(0)
        group = self._group if found.group(self._group) is not None else 0
        first, (start, end) = found.start(0), found.span(group)
        return whole[: start - first] + mask(whole[start - first : end - first], self.name) + whole[end - first :]

    def _is_slow(self, text: str) -> bool:
        """Whether it was the pattern that took the time: the thread may have had to wait for a processor."""
        started = time.thread_time()
        self._pattern.sub("", text)
        return time.thread_time() - started > _MOST_SECONDS

    def _be_slow(self, length: int) -> None:
        self._limit = max(_SHORTEST_LIMIT, min(self._limit, length // 2))
        say_once(
            f"redaction:{self.name}:{self._limit}",
            f"the redaction pattern {self.name} took more than {_MOST_SECONDS * 1000:.0f} ms for a text of {length} "
            f"characters; from now on texts of more than {self._limit:.0f} are masked without a look",
        )


def _compiled(source: str) -> Any:
    try:
        import re2
    except ImportError:
        pass
    else:
        try:
            return re2.compile(source)
        except Exception:  # noqa: BLE001 - its own kind of error; Python's engine may know what it does not
            return _vetted(source)
    return _vetted(source)


def _vetted(source: str) -> re.Pattern[str]:
    """A pattern of Python's own engine that has no repeat, and no choice, within a repeat."""
    try:
        tree = parser.parse(source)
    except re.error as error:
        raise ConfigError("redact_patterns", source, f"a regular expression ({error})") from None
    if _repeats_within_repeats(tree, within=False):
        raise ConfigError("redact_patterns", source, _LINEAR)
    return re.compile(source)


def _repeats_within_repeats(tree: Any, *, within: bool) -> bool:
    for operation, arguments in tree:
        name = str(operation)
        if name in _REPEATS:
            least, most, inner = arguments
            many = most > 1 and most != least
            if (many and within) or _repeats_within_repeats(inner, within=within or most > 1):
                return True
        elif (within and name == "BRANCH") or any(
            _repeats_within_repeats(part, within=within) for part in _parts(arguments)
        ):
            return True
    return False


def _parts(arguments: Any) -> Iterator[Any]:
    """The patterns among what an operation is made of."""
    if isinstance(arguments, parser.SubPattern):
        yield arguments
    elif isinstance(arguments, (list, tuple)):
        for one in arguments:
            yield from _parts(one)
