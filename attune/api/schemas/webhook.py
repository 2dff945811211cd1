"""Webhooks as senders see them."""

from datetime import datetime
from typing import Any, Final

from attune.api.schemas.envelope import Read
from attune.services.event.receive import Receipt


class WebhookReceiverResponse(Read):
    """That a delivery is on record."""

    event_id: int
    trigger_ref: str
    received_at: datetime
    message: str


def receiver_answer(receipt: Receipt) -> dict[str, Any]:
    """Answer flat and enveloped; by hand, since every delivery pays for it."""
    fields = {
        "event_id": receipt.event_id,
        "trigger_ref": receipt.trigger_ref,
        "received_at": receipt.received_at.isoformat(),
        "message": "Delivery was received before"
        if receipt.is_repeated
        else "Webhook received",
    }
    return {**fields, "data": fields}


RECEIVER_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "description": "Any JSON, which becomes the payload; or an object "
                    "with `payload`, and with what a relay knows of the delivery in "
                    "`headers`, `source_ip` and `user_agent`.",
                }
            }
        },
    }
}
