"""What an error of PostgreSQL means for the rows.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

from logcapy.types import Broken, Outcome, Rejected, Retry, TooLarge

#: Classes of conditions that pass: the connection, a rollback, no resources, no lock, an operator, the system.
_PASSING = frozenset(("08", "40", "53", "55", "57", "58"))
_READ_ONLY = "25006"  # a server that others are about to replace says so for a while
#: Data that the server cannot take, and limits of a program.
_DATA = frozenset(("22", "54"))
#: While connecting libpq tells no code. What only a person mends; anything else may pass.
_SET_UP = (
    *(
        "authentication failed",
        "authentication method",
        "pg_hba.conf",
        "does not exist",
        "no password supplied",
        "permission denied",
    ),
    *("certificate", "does not support SSL", "is not permitted"),
)


def failure(reason: str, state: str | None, count: int, *, connecting: bool) -> Outcome:
    """The outcome.

    Args:
        reason: In words, without secrets.
        state: The code of five characters, if there is one.
        count: How many rows there were; nothing of them is stored.
        connecting: Whether there was no connection yet.
    """
    if connecting and any(word in reason for word in _SET_UP):
        return Broken(reason, status=state)
    if state is None or state[:2] in _PASSING or state == _READ_ONLY:
        return Retry(reason, unreachable=connecting, status=state)
    if state[:2] in _DATA:
        # Cut in halves until the row is alone that cannot be stored.
        return TooLarge(reason, status=state) if count > 1 else Rejected(1, reason, status=state)
    return Broken(reason, status=state)
