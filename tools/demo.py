"""LogCapy in half a minute: ``logcapy tail``, the FastAPI example under ``opentelemetry-instrument``, some requests.

Needs ``logcapy[fastapi]`` and uvicorn. Exit code 0: the records came to stdout, and no secret was among them.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "fastapi_shop"
BIN = Path(sys.executable).parent
CARD = "4111 1111 1111 1111"
TOKEN = "demo-bearer-token-8c1f0a57d2"
EXPECTED = ("order placed", "without authorization", "order paid", "PaymentDeclined")


class DemoFailed(Exception):
    """The demo could not show what it promises."""


class Program:
    """A child process: its lines on stdout are passed on if ``shown`` asks for it, the rest goes to a file."""

    def __init__(self, args: list[str], env: Mapping[str, str], errors: Path, *, shown: bool) -> None:
        self.name, self.errors, self.lines = " ".join(args[1:3]), errors, list[str]()
        with errors.open("w") as stderr:
            # A session of its own: Ctrl-C reaches only the demo, which then ends the process.
            stdout = subprocess.PIPE if shown else stderr
            self.process = subprocess.Popen(
                args, env=env, cwd=EXAMPLE, stdout=stdout, stderr=stderr, text=True, start_new_session=True
            )
        self._reader = threading.Thread(target=self._pass_on, daemon=True)
        self._reader.start()

    def _pass_on(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append(line)
            print(line, end="", flush=True)

    def wait_until(self, condition: Callable[[], Any], what: str, seconds: float = 20) -> Any:
        """What the condition returns once it is true; fails when the process ends first or the time is over."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            ended = self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                why = f"`{self.name}` ended with {self.process.returncode}" if ended else f"not in {seconds:.0f} s"
                raise DemoFailed(f"{what}: {why}\n{self.errors.read_text()}")
            time.sleep(0.1)
        return value

    def end(self) -> None:
        """Ask it to end, make it end, reap it; an impatient second Ctrl-C must not leave it behind."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)


@contextlib.contextmanager
def running(args: list[str], env: Mapping[str, str], errors: Path, *, shown: bool = False) -> Iterator[Program]:
    """A program that ends with the block, however that ends."""
    program = Program(args, env, errors, shown=shown)
    try:
        yield program
    finally:
        program.end()


def ask(url: str, data: Mapping[str, object] | None = None, token: str = "") -> dict[str, str]:
    """GET, or POST where there is data; returns the answer's JSON."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, None if data is None else json.dumps(data).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, b"{}"
    print(f"demo: {request.get_method()} {request.selector} -> {status}", file=sys.stderr, flush=True)
    return json.loads(body)


def go_shopping(url: str) -> None:
    """Order, and pay: without a token, then rightly, then more than the bank answers to."""
    ask(f"{url}/health")
    order = ask(f"{url}/orders", {"email": "ada@example.org", "items": [{"name": "tea", "price": 4.5}]})
    payment = f"{url}/orders/{order['order_id']}/payment"
    ask(payment, {"card_number": CARD, "amount": 4.5})
    ask(payment, {"card_number": CARD, "amount": 4.5}, TOKEN)
    ask(payment, {"card_number": CARD, "amount": 900}, TOKEN)


def show(folder: Path) -> None:
    """The demo; raises DemoFailed where something is not as it should be."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "LOGCAPY_"))}
    env |= {"PATH": f"{BIN}{os.pathsep}{env.get('PATH', os.defpath)}", "PYTHONUNBUFFERED": "1"}
    colour = "always" if sys.stdout.isatty() else "never"
    tail_args = ["-m", "logcapy.cli", "tail", "--port", "0", "--grpc-port", "0", "--color", colour]
    with running([sys.executable, *tail_args], env, folder / "tail", shown=True) as tail:
        pattern = re.compile(r"listening for OTLP on (http://[^\s;]+)")
        listening = tail.wait_until(lambda: pattern.search(tail.errors.read_text()), "`logcapy tail` listens")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        env |= {"OTEL_SERVICE_NAME": "shop", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
        env |= {"OTEL_EXPORTER_OTLP_ENDPOINT": listening[1]}
        shop_args = [str(BIN / "opentelemetry-instrument"), "uvicorn", "shop:app", "--port", str(port)]
        with running(shop_args, env, folder / "shop") as shop:
            shop.wait_until(lambda: "Uvicorn running on" in shop.errors.read_text(), "the shop opens", seconds=40)
            go_shopping(f"http://127.0.0.1:{port}")
            for text in EXPECTED:
                shop.wait_until(lambda text=text: text in "".join(tail.lines), f"{text!r} is shown")
    for secret in (CARD, CARD.replace(" ", ""), TOKEN):
        if secret in "".join(tail.lines):
            raise DemoFailed(f"the secret {secret!r} was shown")
    print(f"demo: {len(tail.lines)} lines, neither the card number nor the token in them", file=sys.stderr)


def main() -> int:
    """The exit code: 0, or 1 with what went wrong on stderr."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory() as folder:
            show(Path(folder))
    except (DemoFailed, OSError, KeyboardInterrupt) as error:
        print(f"demo: {str(error) or 'interrupted'}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
