"""Signing a delivery as a sender would, to try out a webhook."""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from attune.domain.errors import InvalidInput
from attune.domain.webhook_signature import ALGORITHMS, Scheme, standard_key


def signed_headers(
    scheme: Scheme,
    secret: str,
    body: bytes,
    *,
    delivery: str,
    now: datetime,
    algorithm: str = "sha256",
) -> Mapping[str, str]:
    """Return the headers that prove to a webhook of this scheme who sends the body."""
    stamp = str(int(now.timestamp()))
    match scheme:
        case Scheme.GITLAB:
            return {"X-Gitlab-Token": secret, "Idempotency-Key": delivery}
        case Scheme.STRIPE:
            said = stamp.encode() + b"." + body
            digest = hmac.new(secret.encode(), said, sha256).hexdigest()
            return {"Stripe-Signature": f"t={stamp},v1={digest}"}
        case Scheme.STANDARD:
            return _standard(secret, body, delivery, stamp)
        case Scheme.GITHUB:
            header = "X-Hub-Signature" if algorithm == "sha1" else "X-Hub-Signature-256"
            signature = _prefixed(secret, body, algorithm)
            return {header: signature, "X-GitHub-Delivery": delivery}
        case _:
            signature = _prefixed(secret, body, algorithm)
            return {"X-Webhook-Signature": signature, "Idempotency-Key": delivery}


def _prefixed(secret: str, body: bytes, algorithm: str) -> str:
    digest = hmac.new(secret.encode(), body, ALGORITHMS[algorithm]).hexdigest()
    return f"{algorithm}={digest}"


def _standard(secret: str, body: bytes, delivery: str, stamp: str) -> Mapping[str, str]:
    key = standard_key(secret)
    if key is None:
        raise InvalidInput("a secret of Standard Webhooks is base64, after whsec_")
    said = f"{delivery}.{stamp}.".encode() + body
    digest = base64.b64encode(hmac.new(key, said, sha256).digest()).decode()
    return {
        "Webhook-Id": delivery,
        "Webhook-Timestamp": stamp,
        "Webhook-Signature": f"v1,{digest}",
    }
