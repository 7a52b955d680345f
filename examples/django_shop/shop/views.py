"""What the shop does: it takes orders and payments."""

from __future__ import annotations

import json
import logging
import secrets

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from .gateway import PaymentGateway

logger = logging.getLogger(__name__)
gateway = PaymentGateway()


@require_GET
def health(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_POST
def place_order(request: HttpRequest) -> JsonResponse:
    order = json.loads(request.body)
    order_id = f"order-{secrets.token_hex(4)}"
    total = sum(item["price"] * item.get("quantity", 1) for item in order["items"])
    logger.info("order placed", extra={"order_id": order_id, "total": total, "customer": order["email"]})
    return JsonResponse({"order_id": order_id, "total": total}, status=201)


@require_POST
def pay(request: HttpRequest, order_id: str) -> JsonResponse:
    payment = json.loads(request.body)
    authorization = request.headers.get("Authorization")
    if not authorization:
        logger.warning("payment for %s without authorization", order_id)
        return JsonResponse({"error": "an Authorization header is needed"}, status=401)
    logger.info("charging card %s for order %s", payment["card_number"], order_id)
    payment_id = gateway.charge(payment["card_number"], payment["amount"], authorization)
    logger.info("order paid", extra={"order_id": order_id, "payment_id": payment_id})
    return JsonResponse({"order_id": order_id, "payment_id": payment_id})
