"""The example applications as processes, and customers who ask them over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .processes import RunningProcess, clean_environment, free_port, running

_EXAMPLES = Path(__file__).parents[2] / "examples"
_BIN = Path(sys.executable).parent
_GUNICORN = ("--bind", "127.0.0.1:{port}", "--access-logfile", "-", "--workers", "1")
_DJANGO = {"DJANGO_SETTINGS_MODULE": "shop.settings"}

EMAIL = "ada.customer@example.org"


@dataclass(frozen=True)
class Shop:
    """An example, the command that starts it, and what is its framework's own in the records that arrive."""

    name: str
    folder: str
    command: tuple[str, ...]
    logger: str
    exception_type: str
    route: str
    server_loggers: frozenset[str]
    env: dict[str, str] = field(default_factory=dict)


FASTAPI = Shop(
    name="fastapi",
    folder="fastapi_shop",
    command=("uvicorn", "shop:app", "--port", "{port}"),
    logger="shop",
    exception_type="shop.PaymentDeclined",
    route="/orders/{order_id}/payment",
    server_loggers=frozenset({"uvicorn.error", "uvicorn.access"}),
)
FLASK = Shop(
    name="flask",
    folder="flask_shop",
    command=("gunicorn", "shop:app", *_GUNICORN),
    logger="shop",
    exception_type="shop.PaymentDeclined",
    route="/orders/<order_id>/payment",
    server_loggers=frozenset({"gunicorn.error", "gunicorn.access"}),
)
FLASK_RUN = Shop(
    name="flask-run",
    folder="flask_shop",
    command=("flask", "--app", "shop", "run", "--port", "{port}"),
    logger="shop",
    exception_type="shop.PaymentDeclined",
    route="/orders/<order_id>/payment",
    server_loggers=frozenset({"werkzeug"}),
)
DJANGO = Shop(
    name="django",
    folder="django_shop",
    command=("gunicorn", "shop.wsgi", *_GUNICORN),
    logger="shop.views",
    exception_type="shop.gateway.PaymentDeclined",
    route="orders/<order_id>/payment",
    server_loggers=frozenset({"gunicorn.error", "gunicorn.access"}),
    env=_DJANGO,
)
DJANGO_RUNSERVER = Shop(
    name="django-runserver",
    folder="django_shop",
    command=("python", "manage.py", "runserver", "--noreload", "127.0.0.1:{port}"),
    logger="shop.views",
    exception_type="shop.gateway.PaymentDeclined",
    route="orders/<order_id>/payment",
    server_loggers=frozenset({"django.server"}),
    env=_DJANGO,
)
SHOPS = (FASTAPI, FLASK, FLASK_RUN, DJANGO, DJANGO_RUNSERVER)


@dataclass(frozen=True)
class OpenShop:
    """A shop that runs: where it answers, and its process."""

    url: str
    process: RunningProcess

    def close(self) -> str:
        """End it, and return its console. Servers log a request after they have answered it: waits for silence."""
        shown = ""
        while shown != (shown := self._console()):
            time.sleep(0.5)
        self.process.terminate()
        return self._console()

    def _console(self) -> str:
        return f"{self.process.stdout}\n{self.process.stderr}"


@contextlib.contextmanager
def open_shop(shop: Shop, folder: Path, telemetry: Mapping[str, str] | None = None) -> Iterator[OpenShop]:
    """Start a shop: plain, or under ``opentelemetry-instrument`` where ``telemetry`` gives its settings."""
    port = free_port()
    command = [part.format(port=port) for part in shop.command]
    if telemetry is not None:
        command.insert(0, "opentelemetry-instrument")
    command[0] = str(_BIN / command[0])
    path = f"{_BIN}{os.pathsep}{os.environ['PATH']}"
    # HOME, because gunicorn makes a folder for a socket there.
    env = clean_environment(PATH=path, HOME=str(folder), PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")
    with running(command, {**env, **shop.env, **(telemetry or {})}, folder, cwd=_EXAMPLES / shop.folder) as process:
        process.wait_for_port(port)
        yield OpenShop(f"http://127.0.0.1:{port}", process)


class Customer:
    """Asks a shop for everything, last for a payment that fails; every request has a trace id of the customer's."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token = f"tok{uuid.uuid4().hex}"
        self.order_id = ""
        self.trace_ids: dict[str, str] = {}

    def visit(self) -> None:
        """Look whether the shop is open, order, and pay three times: without a token, rightly, and too much."""
        self._ask("health", "/health", expected=200)
        items = [{"name": "tea", "price": 4.5, "quantity": 2}, {"name": "cup", "price": 3.0}]
        order = self._ask("order", "/orders", {"email": EMAIL, "items": items}, expected=201)
        assert order["total"] == 12.0
        self.order_id = order["order_id"]
        path = f"/orders/{self.order_id}/payment"
        self._ask("refused", path, {"card_number": "4111-1111-1111-1111", "amount": 12}, expected=401)
        bearer = {"Authorization": f"Bearer {self.token}"}
        self._ask("paid", path, {"card_number": "4111111111111111", "amount": 12}, bearer, expected=200)
        self._ask("failed", path, {"card_number": "4111 1111 1111 1111", "amount": 900}, bearer, expected=500)

    def _ask(
        self,
        what: str,
        path: str,
        data: dict[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        expected: int,
    ) -> dict[str, Any]:
        trace_id = self.trace_ids[what] = uuid.uuid4().hex
        request = urllib.request.Request(
            self.url + path,
            data=None if data is None else json.dumps(data).encode(),
            headers={
                "Content-Type": "application/json",
                "traceparent": f"00-{trace_id}-{uuid.uuid4().hex[:16]}-01",
                **(headers or {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, body = error.code, b"{}"
        assert status == expected, f"{what}: {status} {body!r}"
        return json.loads(body)


def console_lines(console: str) -> Counter[str]:
    """The lines of a console that begin a message, without what differs from run to run.

    The inner lines of a traceback are left out: instrumentation has frames of its own in them. So is gunicorn's
    word of its control socket, which names a folder of the run.
    """
    lines = [line for line in console.splitlines() if line and not line.startswith("  ")]
    return Counter(_VARYING.sub("#", line) for line in lines if "Control socket" not in line)


_VARYING = re.compile(r"\b(tok|order-|payment-)?[0-9a-f]*\d[0-9a-f]*\b")
