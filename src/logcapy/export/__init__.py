"""Bytes leave here: one module a destination, each an encoder and a transport."""
