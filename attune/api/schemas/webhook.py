"""Webhooks as senders see them, and as those who guard them configure them."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from attune.api.schemas.envelope import Read
from attune.api.schemas.patch import Patch, Update
from attune.domain.webhook_checks import DEFAULT_PAYLOAD_KB
from attune.domain.webhook_signature import Scheme
from attune.services.event.receive import Receipt
from attune.services.webhook import WebhookView


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


Section = Annotated[dict[str, Any], Field(max_length=20)]


class UpdateWebhookConfigRequest(Update):
    """Changes of a webhook's checks; an unknown check is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")

    hmac: Patch[Section] = None
    """`enabled`, `scheme` (auto, attune, github, gitlab, stripe, standard), `algorithm`
    (sha1, sha256, sha512), `secret`, `secrets` (others that will do), `tolerance_seconds`.
    What is not given stays, the secret as well; with `keep_previous` those that were
    known before will do beside a new one."""
    ip_whitelist: Patch[Section] = None
    """`enabled`, `ips`: addresses and networks in CIDR notation."""
    rate_limit: Patch[Section] = None
    """`enabled`, `requests`, `window_seconds`."""
    payload_size_limit_kb: Patch[Annotated[int, Field(strict=True)]] = None
    """Largest body, at most what the server takes of any."""


class HmacView(Read):
    """The proof that every request must carry; its secrets are never shown."""

    enabled: bool
    scheme: Scheme
    algorithm: str
    tolerance_seconds: int
    secret_set: bool
    secret_count: int


class IpWhitelistView(Read):
    """The only addresses that may send."""

    enabled: bool
    ips: list[str]


class RateLimitView(Read):
    """How many deliveries are taken in a time."""

    enabled: bool
    requests: int
    window_seconds: int


class WebhookConfigResponse(Read):
    """What a request to the webhook must pass; null is not checked."""

    trigger_ref: str
    webhook_enabled: bool
    hmac: HmacView | None = None
    ip_whitelist: IpWhitelistView | None = None
    rate_limit: RateLimitView | None = None
    payload_size_limit_kb: int = DEFAULT_PAYLOAD_KB
    problems: list[str]
    """Checks that stand in the database and cannot be read: they refuse requests."""


def config_response(view: WebhookView) -> WebhookConfigResponse:
    """Show the checks of a webhook."""
    return WebhookConfigResponse.model_validate(
        {
            "trigger_ref": view.trigger_ref,
            "webhook_enabled": view.webhook_enabled,
            "problems": view.problems,
            **view.config,
        }
    )


_ANY: Final[dict[str, Any]] = {
    "description": "Any JSON, which becomes the payload; or an object with `payload`, "
    "and with what a relay knows of the delivery in `headers`, `source_ip` and "
    "`user_agent`.",
}

RECEIVER_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _ANY},
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "description": "The fields; of a single one named `payload` the JSON"
                    " in it.",
                }
            },
            "text/plain": {
                "schema": {
                    "type": "string",
                    "description": "The text, or the JSON that it is.",
                }
            },
        },
    }
}
