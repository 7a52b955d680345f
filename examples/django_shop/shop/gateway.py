"""A pretended payment provider."""

from __future__ import annotations

import secrets


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
