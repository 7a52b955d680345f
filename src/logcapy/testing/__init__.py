"""For who tests exporters: a conformance kit for pytest, and the records that it torments them with."""
