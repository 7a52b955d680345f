"""The redaction corpus: secrets of many kinds, innocent texts that look like them, and places to put either.

Nothing here is or ever was a secret: all is drawn from a generator with fixed seeds, and put together at run time, so
that no file holds what a scanner would take for one. Shapes follow the issuers' public documentation.
"""
