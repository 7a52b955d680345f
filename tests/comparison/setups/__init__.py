"""Loggers with redaction, each in the best set-up that its documentation names for it, and nothing sent anywhere."""
