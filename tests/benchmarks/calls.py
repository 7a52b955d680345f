"""The ways to log one record: the same message and attributes, in the words of each kind of logger."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from .works import Call, OrderError, Work, fail

#: Logs a finished message with attributes.
Log = Callable[[str, dict[str, Any]], object]


def with_extra(logger: logging.Logger, work: Work) -> Call:
    """The standard library's way: arguments formatted later, attributes in ``extra``."""
    message, attributes_of = work.message, work.attributes_of

    def log(number: int) -> None:
        logger.info(message, number, extra=attributes_of(number))

    def log_failure(number: int) -> None:
        try:
            fail(number)
        except OrderError:
            logger.exception(message, number, extra=attributes_of(number))

    return log_failure if work.fails else log


def with_arguments(info: Callable[..., object], exception: Callable[..., object], work: Work) -> Call:
    """The way of structlog and ``get_logger()``: arguments formatted later, attributes as keyword arguments."""
    message, attributes_of = work.message, work.attributes_of

    def log(number: int) -> None:
        info(message, number, **attributes_of(number))

    def log_failure(number: int) -> None:
        try:
            fail(number)
        except OrderError:
            exception(message, number, **attributes_of(number))

    return log_failure if work.fails else log


def with_keywords(info: Callable[..., object], exception: Callable[..., object], work: Work) -> Call:
    """A finished message, attributes as keyword arguments."""
    message, attributes_of = work.message, work.attributes_of

    def log(number: int) -> None:
        info(message % number, **attributes_of(number))

    def log_failure(number: int) -> None:
        try:
            fail(number)
        except OrderError:
            exception(message % number, **attributes_of(number))

    return log_failure if work.fails else log


def with_mapping(info: Log, exception: Log, work: Work) -> Call:
    """Any other way: functions that take a finished message and a dictionary."""
    message, attributes_of = work.message, work.attributes_of

    def log(number: int) -> None:
        info(message % number, attributes_of(number))

    def log_failure(number: int) -> None:
        try:
            fail(number)
        except OrderError:
            exception(message % number, attributes_of(number))

    return log_failure if work.fails else log
