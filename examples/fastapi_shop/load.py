"""Customers of the shop: each places an order and pays it, which the shop logs in five records.

Run the shop, then: python load.py --orders 1000
"""

from __future__ import annotations

import argparse
import http.client
import json
import secrets
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

#: What the shop and uvicorn log of an order, and of its payment.
RECORDS_OF_ORDER, RECORDS_OF_PAYMENT = 2, 3

_ORDER = {"email": "ada@example.org", "items": [{"name": "tea", "price": 4.5, "quantity": 2}]}
_PAYMENT = {"card_number": "4111111111111111", "amount": 9}


def trace_id(run: str, request: int) -> str:
    """The trace id of a request, so that what arrives somewhere can be told by it.

    Args:
        run: 16 hexadecimal digits, not all of them 0.
        request: Its number; orders have the even ones, and their payments the next.
    """
    return f"{run}{request:016x}"


class Customer(threading.Thread):
    """Orders and pays, one after the other, over one connection; ``failure`` says why it went away, if it did."""

    def __init__(self, url: str, run: str, orders: Iterator[int]) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self._run = run
        self._orders = orders
        self.done = 0
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            for number in self._orders:
                order_id = self._post("/orders", _ORDER, 2 * number)["order_id"]
                self._post(f"/orders/{order_id}/payment", _PAYMENT, 2 * number + 1)
                self.done += 1
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.failure = error
        finally:
            self._connection.close()

    def _post(self, path: str, data: object, request: int) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Authorization": "Bearer load",
            "traceparent": f"00-{trace_id(self._run, request)}-{request + 1:016x}-01",
        }
        self._connection.request("POST", path, json.dumps(data), headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status >= 300:
            raise ValueError(f"{path}: {answer.status} {body!r}")
        found: dict[str, str] = json.loads(body)
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--customers", type=int, default=4, help="how many order at once")
    parser.add_argument("--run", default=secrets.token_hex(8), help="16 hexadecimal digits that trace ids begin with")
    arguments = parser.parse_args()
    started = time.monotonic()
    customers = [
        Customer(arguments.url, arguments.run, iter(range(first, arguments.orders, arguments.customers)))
        for first in range(arguments.customers)
    ]
    for customer in customers:
        customer.start()
    while any(customer.is_alive() for customer in customers):
        time.sleep(0.2)
        print(f"{sum(customer.done for customer in customers)} orders", flush=True)
    done = sum(customer.done for customer in customers)
    records = done * (RECORDS_OF_ORDER + RECORDS_OF_PAYMENT)
    print(f"{done} orders, {records} records in {time.monotonic() - started:.1f} s; run {arguments.run}", flush=True)
    failures = [customer.failure for customer in customers if customer.failure is not None]
    for failure in failures:
        print(f"a customer went away: {failure!r}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
