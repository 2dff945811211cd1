"""Receive what the world sends to a webhook (contract, g.1)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from attune.clock import utc_now
from attune.db.database import Database, Transaction
from attune.domain.errors import RateLimited
from attune.domain.json import JsonObject, parse_json
from attune.domain.webhook import (
    Address,
    delivery_key,
    storable_headers,
    unwrap,
)
from attune.domain.webhook import Delivery as Unwrapped
from attune.services.event.idempotency import namespaced_key
from attune.services.event.intake import Intake, NewEvent
from attune.services.event.webhook_book import Webhook, WebhookBook

SOURCE: Final = "webhook"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What arrived at a webhook."""

    key: str
    body: bytes
    headers: Mapping[str, str]
    """By lower-case name."""
    sender: Address | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """That a delivery is on record."""

    event_id: int
    trigger_ref: str
    received_at: datetime
    is_repeated: bool


class ReceiveService:
    """Turns deliveries that pass their webhook's checks into events."""

    def __init__(self, database: Database, intake: Intake, book: WebhookBook) -> None:
        self._database = database
        self._intake = intake
        self._book = book

    async def receive(self, delivery: Delivery) -> Receipt:
        """Put the delivery on record; a repeated one is the event of before."""
        received_at = utc_now()
        async with self._database.transaction() as tx:
            webhook = await self._book.find(tx, delivery.key)
            checks = webhook.checks
            checks.check_size(len(delivery.body))
            checks.check_address(delivery.sender)
            await _check_rate(tx, webhook)
            verified = checks.check_signature(delivery.body, delivery.headers)
            said = unwrap(parse_json(delivery.body))
            new = NewEvent(
                trigger_ref=webhook.trigger_ref,
                payload=said.payload,
                config={
                    **_origin(delivery, said),
                    "received_at": received_at.isoformat(),
                    "hmac_verified": verified,
                },
                source_ref=SOURCE,
                idempotency_key=_key(delivery),
            )
            accepted = await self._intake.accept(tx, new)
        return Receipt(
            event_id=accepted.id,
            trigger_ref=webhook.trigger_ref,
            received_at=received_at,
            is_repeated=accepted.is_repeated,
        )


async def _check_rate(tx: Transaction, webhook: Webhook) -> None:
    """Refuse what would be one event too many; all processes count together."""
    limit = webhook.checks.rate_limit
    if limit is None:
        return
    age = await tx.events.nth_newest_age(webhook.trigger_ref, SOURCE, limit.requests)
    if age is not None and age < limit.window_seconds:
        raise RateLimited(
            f"This webhook takes {limit.requests} requests in "
            f"{limit.window_seconds} seconds",
            retry_after_seconds=math.ceil(limit.window_seconds - age),
        )


def _origin(delivery: Delivery, said: Unwrapped) -> JsonObject:
    """Return where it came from: what we saw, and apart from it what a relay says."""
    sender = delivery.sender
    origin: JsonObject = {
        "source": SOURCE,
        "webhook_key": delivery.key,
        "headers": dict(storable_headers(delivery.headers)),
        "source_ip": None if sender is None else str(sender),
        "user_agent": delivery.headers.get("user-agent"),
    }
    relayed: JsonObject = {
        "headers": dict(said.headers),
        "source_ip": said.source_ip,
        "user_agent": said.user_agent,
    }
    reported: JsonObject = {name: fact for name, fact in relayed.items() if fact}
    return {**origin, "reported": reported} if reported else origin


def _key(delivery: Delivery) -> str | None:
    key = delivery_key(delivery.headers)
    return None if key is None else namespaced_key(SOURCE, key)
