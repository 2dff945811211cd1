"""Receive what the world sends to a webhook (contract, g.1)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from attune.clock import utc_now
from attune.db.database import Database, Transaction
from attune.domain.errors import RateLimited
from attune.domain.json import JsonObject
from attune.domain.webhook import Delivery as Unwrapped
from attune.domain.webhook import delivery_id, storable_headers, unwrap
from attune.domain.webhook_address import Address
from attune.domain.webhook_body import BodyKind, read_body
from attune.domain.webhook_signature import Proof
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
    kind: BodyKind = BodyKind.UNNAMED
    trace_tag: str | None = None


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
            proof = await _check(tx, webhook, delivery, received_at)
            new = _event(webhook, delivery, proof, received_at)
            accepted = await self._intake.accept(tx, new)
        return Receipt(
            event_id=accepted.id,
            trigger_ref=webhook.trigger_ref,
            received_at=received_at,
            is_repeated=accepted.is_repeated,
        )


async def _check(
    tx: Transaction, webhook: Webhook, delivery: Delivery, now: datetime
) -> Proof | None:
    """Make the webhook's checks in their order (contract, g.1)."""
    checks = webhook.checks
    checks.check_size(len(delivery.body))
    checks.check_address(delivery.sender)
    await _check_rate(tx, webhook)
    return checks.check_signature(delivery.body, delivery.headers, now)


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


def _event(
    webhook: Webhook, delivery: Delivery, proof: Proof | None, received_at: datetime
) -> NewEvent:
    said = unwrap(read_body(delivery.kind, delivery.body))
    name = delivery_id(delivery.headers, proof, said.payload)
    return NewEvent(
        trigger_ref=webhook.trigger_ref,
        payload=said.payload,
        config={
            **_origin(delivery, said),
            "received_at": received_at.isoformat(),
            "hmac_verified": proof is not None and proof.is_signed,
            **({} if proof is None else {"verified_by": proof.scheme.value}),
        },
        source_ref=SOURCE,
        trace_tag=delivery.trace_tag,
        idempotency_key=None if name is None else namespaced_key(SOURCE, name.key),
        key_names_content=name is not None and name.names_content,
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
