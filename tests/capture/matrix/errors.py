"""What the applications raise. Each message names the request that it belongs to."""

from __future__ import annotations


class Boom(Exception):
    """Nobody handles it."""


class Refused(Exception):
    """An error handler answers it with 409."""


class Broken(Exception):
    """An error handler answers it with 503."""
