"""How records are shown on a terminal, or written to the stream that a platform collects."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter
from typing import ClassVar

from logcapy.config.setting import Setting, require, require_names
from logcapy.errors import ConfigError, nearest_name

from .base import DestinationConfig, row

FORMATS = ("pretty", "json", "gcp", "ecs")
STREAMS = ("stdout", "stderr")
#: What a template may show.
TEMPLATE_FIELDS = (
    *("timestamp", "severity", "logger", "service", "event", "body", "attributes", "exception"),
    *("trace_id", "span_id"),
)


@dataclass(frozen=True, kw_only=True)
class ConsoleConfig(DestinationConfig):
    """How records are shown. Each field is the variable ``LOGCAPY_CONSOLE_<FIELD>``.

    Args:
        format: ``pretty`` for people; ``json`` as ``logcapy tail --json`` has it; ``gcp`` and ``ecs``, the JSON that
            Google Cloud and the Elastic Common Schema ask for; or a template, ``"{timestamp} {severity} {body}"``,
            with the fields of :data:`TEMPLATE_FIELDS`, each of which may have the format of a text: ``{severity:<5}``.
        stream: ``stdout`` or ``stderr``.
        gcp_project: The Google Cloud project that traces are in, for ``gcp``.

    Raises:
        ConfigError: A field has a value that cannot be used.
    """

    rows: ClassVar[tuple[Setting, ...]] = (
        row("CONSOLE", "format", str, f"one of {', '.join(FORMATS)}, or a template"),
        row("CONSOLE", "stream", str.lower, f"one of {', '.join(STREAMS)}"),
        row("CONSOLE", "gcp_project", str, "the id of a project", also=("GOOGLE_CLOUD_PROJECT",)),
    )

    format: str = "pretty"
    stream: str = "stdout"
    gcp_project: str | None = None

    def __post_init__(self) -> None:
        require_names("stream", (self.stream,), STREAMS)
        if "{" in str(self.format):
            _check_template(self.format)
        else:
            require_names("format", (self.format,), FORMATS)


def _check_template(template: str) -> None:
    allowed = f"use any of {', '.join(f'{{{name}}}' for name in TEMPLATE_FIELDS)}"
    require("format", template, template.isprintable(), "a template on one line, without control characters")
    try:
        fields = [field for field in Formatter().parse(template) if field[1] is not None]
        for _, name, form, _ in fields:
            if name not in TEMPLATE_FIELDS:
                raise ConfigError("format", template, allowed, nearest=nearest_name(str(name), TEMPLATE_FIELDS))
            require("format", template, "{" not in str(form), "a template without fields inside of fields")
        template.format(**dict.fromkeys(TEMPLATE_FIELDS, ""))
    except ConfigError:
        raise
    except (ValueError, LookupError, AttributeError) as error:
        raise ConfigError("format", template, f"a template of Python's str.format ({error}); {allowed}") from None
