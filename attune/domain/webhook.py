"""What is kept of a request to a webhook, and what makes two of them the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from attune.domain.json import Json, replace_unstorable_text
from attune.domain.webhook_signature import Proof, Scheme

DELIVERY_HEADERS: Final = (
    "idempotency-key",
    "x-idempotency-key",
    "webhook-id",
    "svix-id",
    "x-github-delivery",
    "x-gitlab-event-uuid",
)

_WRAPPER_KEYS: Final = frozenset({"payload", "headers", "source_ip", "user_agent"})
_SECRET_WORDS: Final = (
    "auth",
    "cookie",
    "token",
    "secret",
    "signature",
    "password",
    "credential",
    "session",
    "hmac",
    "jwt",
)
_MOST_HEADERS: Final = 100
_LONGEST_HEADER: Final = 2_000


def storable_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that may be kept: none that may carry a secret, none long."""
    kept = (
        (name.lower(), replace_unstorable_text(value[:_LONGEST_HEADER]))
        for name, value in headers.items()
        if not is_sensitive_header(name)
    )
    return dict(islice(kept, _MOST_HEADERS))


def is_sensitive_header(name: str) -> bool:
    """Tell whether a header of this name may carry a secret."""
    lowered = name.lower()
    if lowered in DELIVERY_HEADERS:
        return False
    return lowered.endswith("key") or any(word in lowered for word in _SECRET_WORDS)


@dataclass(frozen=True, slots=True)
class DeliveryId:
    """What a delivery is called, so that a repeated one is the same."""

    key: str
    names_content: bool = False
    """The sender vouches that it is the same, whatever else changed in it."""


def delivery_id(
    headers: Mapping[str, str], proof: Proof | None, payload: Json
) -> DeliveryId | None:
    """Return what the sender calls this delivery; None where it has no name.

    Where the name is part of the proof no header counts beside it: anybody who saw a
    signed request could send it again under another name. `headers` has lower-case
    names.
    """
    if proof is not None and proof.delivery is not None:
        event = _stripe_event(payload) if proof.scheme is Scheme.STRIPE else None
        return event or DeliveryId(proof.delivery)
    keys = (headers.get(name, "").strip() for name in DELIVERY_HEADERS)
    return next((DeliveryId(key) for key in keys if key), None)


def _stripe_event(payload: Json) -> DeliveryId | None:
    """Return the id of an event of Stripe's, which it signs anew for each attempt.

    Not all of an event stays the same: it counts the deliveries that are pending.
    """
    if not isinstance(payload, dict) or payload.get("object") != "event":
        return None
    name = payload.get("id")
    if not isinstance(name, str) or not name.startswith("evt_"):
        return None
    return DeliveryId(f"stripe:{name}", names_content=True)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a body says: the payload, and what a relay tells of the first request."""

    payload: Json
    headers: Mapping[str, str]
    source_ip: str | None = None
    user_agent: str | None = None


def unwrap(body: Json) -> Delivery:
    """Take the payload out of its wrapper, or the body as the payload.

    A body is wrapped when it has `payload` and nothing that a wrapper does not have;
    any other body is kept whole, so that nothing of it is lost.
    """
    if not (
        isinstance(body, dict) and "payload" in body and body.keys() <= _WRAPPER_KEYS
    ):
        return Delivery(body, {})
    headers = body.get("headers")
    claimed = headers.items() if isinstance(headers, dict) else ()
    texts = {name: value for name, value in claimed if isinstance(value, str)}
    return Delivery(
        body["payload"],
        storable_headers(texts),
        _text(body.get("source_ip")),
        _text(body.get("user_agent")),
    )


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None
