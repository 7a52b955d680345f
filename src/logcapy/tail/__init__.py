"""``logcapy tail``: a receiver of OTLP on this machine that prints the log records that arrive.

It is the destination to begin with, where no Collector runs yet. Only :mod:`logcapy.cli` imports this room.
"""
