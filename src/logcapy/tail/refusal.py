"""How a request is turned away."""

from __future__ import annotations


class Refusal(Exception):
    """A request that is not taken.

    Args:
        status: The HTTP status code that says so.
        reason: For the sender's developer; may hold what the sender sent.
    """

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)
