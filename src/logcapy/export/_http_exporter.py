"""What exporters have in common that post their payloads to one URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from logcapy.exporter import PayloadExporter
from logcapy.types import Outcome, Payload

from ._http import HttpTransport, user_agent

if TYPE_CHECKING:

    class HttpSettings(Protocol):
        """What the configurations of such exporters have in common; durations in milliseconds."""

        @property
        def headers(self) -> Mapping[str, str]: ...
        @property
        def timeout(self) -> float: ...
        @property
        def certificate(self) -> str | None: ...
        @property
        def client_key(self) -> str | None: ...
        @property
        def client_certificate(self) -> str | None: ...


class HttpPayloadExporter(PayloadExporter):
    """Base of exporters that post their payloads to one URL.

    Args:
        url: Where to.
        settings: How.
        headers: Sent with each request, over those of the settings.
        **options: Of :class:`HttpTransport`.

    Raises:
        ConfigError: The URL, a header or a file cannot be used.
    """

    def __init__(self, url: str, settings: HttpSettings, headers: Mapping[str, str], **options: Any) -> None:
        super().__init__(settings.timeout / 1000)
        self._transport = self._transport_to(url, settings, headers, **options)
        self.destination = self._transport.place

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.destination!r})"

    def send(self, payload: Payload, deadline: float) -> Outcome:
        """Send once."""
        return self._transport.send(payload, deadline)

    def shutdown(self) -> None:
        """End, and close the connections."""
        super().shutdown()
        self._transport.close()

    def _transport_to(
        self, url: str, settings: HttpSettings, headers: Mapping[str, str], **options: Any
    ) -> HttpTransport:
        """A transport with what the settings say; the constructor's arguments."""
        return HttpTransport(
            url,
            headers={"User-Agent": user_agent(self.name), **settings.headers, **headers},
            timeout_seconds=settings.timeout / 1000,
            certificate=settings.certificate,
            client_key=settings.client_key,
            client_certificate=settings.client_certificate,
            **options,
        )
