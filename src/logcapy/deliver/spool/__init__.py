"""A disk buffer of payloads that crashes, full disks and flipped bits do not take the rest of."""

from .store import Spool as Spool
