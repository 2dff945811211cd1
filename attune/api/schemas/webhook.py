"""Webhooks as senders see them."""

from datetime import datetime
from typing import Any, Final

from attune.api.schemas.envelope import Read


class WebhookReceiverResponse(Read):
    """That a delivery is on record."""

    event_id: int
    trigger_ref: str
    received_at: datetime
    message: str


RECEIVER_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "description": "Any JSON, which becomes the payload; or an object "
                    "with `payload` and what a relay knows of the delivery.",
                    "anyOf": [
                        {"$ref": "#/components/schemas/WebhookReceiverRequest"},
                        {},
                    ],
                }
            }
        },
    }
}
