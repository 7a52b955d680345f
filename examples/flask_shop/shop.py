"""A small shop on Flask. It knows nothing of LogCapy and logs as applications do, mistakes included."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from flask import Flask, request

logger = logging.getLogger(__name__)
app = Flask(__name__)


class GatewayTimeout(Exception):
    """The bank did not answer in time."""


class PaymentDeclined(Exception):
    """The payment gateway refused a payment."""


class PaymentGateway:
    """Pretends to be a payment provider whose bank never answers to more than 500."""

    def charge(self, card_number: str, amount: float, authorization: str) -> str:
        try:
            return self._ask_bank(card_number, amount)
        except GatewayTimeout as error:
            raise PaymentDeclined(f"gateway refused card {card_number} (authorization: {authorization})") from error

    def _ask_bank(self, card_number: str, amount: float) -> str:
        if amount > 500:
            raise GatewayTimeout(f"no answer about {amount:.2f} from card {card_number}")
        return f"payment-{secrets.token_hex(4)}"


gateway = PaymentGateway()


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/orders")
def place_order() -> tuple[dict[str, Any], int]:
    order = request.get_json()
    order_id = f"order-{secrets.token_hex(4)}"
    total = sum(item["price"] * item.get("quantity", 1) for item in order["items"])
    logger.info("order placed", extra={"order_id": order_id, "total": total, "customer": order["email"]})
    return {"order_id": order_id, "total": total}, 201


@app.post("/orders/<order_id>/payment")
def pay(order_id: str) -> tuple[dict[str, str], int]:
    payment = request.get_json()
    authorization = request.headers.get("Authorization")
    if not authorization:
        logger.warning("payment for %s without authorization", order_id)
        return {"error": "an Authorization header is needed"}, 401
    logger.info("charging card %s for order %s", payment["card_number"], order_id)
    payment_id = gateway.charge(payment["card_number"], payment["amount"], authorization)
    logger.info("order paid", extra={"order_id": order_id, "payment_id": payment_id})
    return {"order_id": order_id, "payment_id": payment_id}, 200
