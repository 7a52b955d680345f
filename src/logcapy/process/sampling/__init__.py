"""Which records go: decided in the caller's thread, before anything else is done with a record."""
