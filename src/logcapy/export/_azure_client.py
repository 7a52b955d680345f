"""Microsoft's exporter, taken apart: what makes an envelope of a record, and the client that sends envelopes.

Its own ``export()`` says of a request that it failed, and not whether it may be sent again; of an answer that takes a
part (206) it drops the rest, unless its store on disk is on. So only these two of its parts are used. That they are not
all public is why ``pyproject.toml`` has a narrow range for it.

Source: azure-monitor-opentelemetry-exporter 1.0.0b58, export/_base.py and export/logs/_exporter.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.rest import HttpRequest, HttpResponse
from azure.monitor.opentelemetry.exporter import AzureMonitorLogExporter
from opentelemetry.sdk._logs import ReadableLogRecord

_REDIRECTS = (307, 308)
_MOST_REDIRECTS = 5


class AzureClient:
    """Sends envelopes to one Application Insights resource.

    Args:
        connection_string: The resource's.

    Raises:
        ValueError: It is none.
    """

    def __init__(self, connection_string: str) -> None:
        self._exporter = AzureMonitorLogExporter(
            connection_string=connection_string,
            disable_offline_storage=True,
            retry_total=0,
            instrumentation_collection=True,  # no statistics of it to Microsoft
            http_logging_policy=SansIOHTTPPolicy(),  # it logs each request, at INFO
        )
        self._key = self._exporter._instrumentation_key

    @property
    def endpoint(self) -> str:
        """Where requests go, which a redirect may have changed."""
        return str(self._exporter.client._config.host).rstrip("/")

    def envelope(self, record: ReadableLogRecord) -> dict[str, Any]:
        """The envelope of a record of plain values, without the key."""
        envelope: dict[str, Any] = self._exporter._log_to_envelope(record).as_dict()
        del envelope["iKey"]
        return envelope

    def track(self, envelopes: Sequence[dict[str, Any]], seconds: float) -> HttpResponse:
        """Send envelopes once, through the redirects that Microsoft's exporter would follow.

        Raises:
            azure.core.exceptions.AzureError: There is no answer.
        """
        content = [{**envelope, "iKey": self._key} for envelope in envelopes]
        for _ in range(_MOST_REDIRECTS):
            request = HttpRequest("POST", "/track", json=content)
            answer = self._exporter.client.send_request(request, connection_timeout=seconds, read_timeout=seconds)
            if answer.status_code not in _REDIRECTS or not self._redirected(answer.headers.get("Location") or ""):
                break
        return answer

    def close(self) -> None:
        """Let go of the connections."""
        self._exporter.client.close()
        self._exporter.shutdown()

    def _redirected(self, location: str) -> bool:
        """Whether it goes to another host from now on; only to one that may have the credentials."""
        to = urlsplit(location)
        if not to.scheme or not self._exporter._is_same_registered_domain(urlsplit(self.endpoint).netloc, to.netloc):
            return False
        self._exporter.client._config.host = f"{to.scheme}://{to.netloc}"
        return True
