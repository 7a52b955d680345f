"""LogCapy: logs and exceptions of Python as first-class OpenTelemetry signals."""
