"""The proofs that senders of webhooks put on their requests, and how each is checked.

Signatures are over the bytes that arrived, compared in constant time. A scheme that
signs the time as well protects against replay: an old one is refused, and what it signs
names the delivery, which no unsigned header can change.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha1, sha256, sha512
from typing import Any, Final

from attune.domain.errors import Unauthenticated

DEFAULT_TOLERANCE_SECONDS: Final = 300
LONGEST_TOLERANCE_SECONDS: Final = 86_400
STANDARD_PREFIX: Final = "whsec_"

# SHA-1 is what some senders offer; an HMAC does not need collision resistance.
ALGORITHMS: Final[Mapping[str, Callable[..., Any]]] = {
    "sha1": sha1,
    "sha256": sha256,
    "sha512": sha512,
}


class Scheme(StrEnum):
    """How a sender proves that a request is its own."""

    AUTO = "auto"  # one of the signatures below, by the header that is there
    ATTUNE = "attune"  # X-Webhook-Signature or X-Hub-Signature-256: <algorithm>=<hex>
    GITHUB = "github"  # X-Hub-Signature-256, or with sha1 X-Hub-Signature
    GITLAB = "gitlab"  # X-Gitlab-Token: the secret itself
    STRIPE = "stripe"  # Stripe-Signature: t=<seconds>,v1=<hex>
    STANDARD = "standard"  # Standard Webhooks: Webhook-Id, -Timestamp and -Signature


@dataclass(frozen=True, slots=True)
class Proof:
    """That a request is its sender's."""

    scheme: Scheme
    is_signed: bool = True
    """The body is part of the proof; a token that is sent along says nothing of it."""
    delivery: str | None = None
    """What the proof itself calls the delivery; a repeated one has it again."""


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """The proof that every request to a webhook must carry."""

    scheme: Scheme | None = Scheme.AUTO
    """None is one that nobody knows: nothing passes."""
    algorithm: str = "sha256"
    secrets: tuple[str, ...] = ()
    """Any of them will do, so that a sender's secret can be replaced in peace."""
    tolerance_seconds: int = DEFAULT_TOLERANCE_SECONDS
    """How far the time of a signature may be from ours."""

    def verify(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Proof:
        """Return the proof, or raise Unauthenticated.

        `headers` has lower-case names, `body` is what arrived, before any parsing.
        """
        scheme = self.scheme
        if scheme is Scheme.AUTO:
            scheme = _offered_scheme(headers)
        if scheme is None:
            raise Unauthenticated("the signature cannot be verified")
        request = _Request(body, headers, now, is_guessed=self.scheme is Scheme.AUTO)
        return _VERIFIERS[scheme](self, request)


@dataclass(frozen=True, slots=True)
class _Request:
    body: bytes
    headers: Mapping[str, str]
    now: datetime
    is_guessed: bool
    """The scheme is the one that the sender chose."""


_CONTRACT_HEADERS: Final = ("x-webhook-signature", "x-hub-signature-256")
_STANDARD_FAMILIES: Final = ("webhook", "svix")
_DIGITS: Final = re.compile(r"[0-9]{1,12}\Z")
# What Stripe signs begins so, and no JSON object or list does.
_STAMPED_BODY: Final = re.compile(rb"[0-9]{1,12}\.(?![0-9])")


def _offered_scheme(headers: Mapping[str, str]) -> Scheme:
    if any(name in headers for name in _CONTRACT_HEADERS):
        return Scheme.ATTUNE
    if "stripe-signature" in headers:
        return Scheme.STRIPE
    if any(f"{family}-signature" in headers for family in _STANDARD_FAMILIES):
        return Scheme.STANDARD
    return Scheme.GITHUB


def _by_contract(check: SignatureCheck, request: _Request) -> Proof:
    if request.is_guessed and _STAMPED_BODY.match(request.body):
        # Signed by Stripe's scheme it would be this very signature, without its age.
        raise Unauthenticated("the signature is not of the form that was expected")
    given = _first(request.headers, _CONTRACT_HEADERS)
    _check_prefixed(check, request.body, given)
    return Proof(Scheme.ATTUNE)


def _by_github(check: SignatureCheck, request: _Request) -> Proof:
    header = "x-hub-signature" if check.algorithm == "sha1" else "x-hub-signature-256"
    given = _first(request.headers, (header,))
    _check_prefixed(check, request.body, given)
    return Proof(Scheme.GITHUB)


def _by_gitlab(check: SignatureCheck, request: _Request) -> Proof:
    given = _first(request.headers, ("x-gitlab-token",))
    _require_match([given], check.secrets)
    return Proof(Scheme.GITLAB, is_signed=False)


def _by_stripe(check: SignatureCheck, request: _Request) -> Proof:
    parts = [
        part.strip().partition("=")
        for part in _first(request.headers, ("stripe-signature",)).split(",")
    ]
    times = [value for name, _, value in parts if name == "t"]
    offered = [value for name, _, value in parts if name == "v1"]
    if len(times) != 1:
        raise Unauthenticated("the signature has no time")
    _check_time(check, times[0], request.now)
    said = times[0].encode() + b"." + request.body
    keys = [secret.encode() for secret in check.secrets]
    _require_match(offered, [hmac.new(key, said, sha256).hexdigest() for key in keys])
    return Proof(Scheme.STRIPE, delivery="stripe:" + sha256(said).hexdigest())


def _by_standard(check: SignatureCheck, request: _Request) -> Proof:
    headers = request.headers
    family = next(
        (f for f in _STANDARD_FAMILIES if f"{f}-signature" in headers), "webhook"
    )
    signatures = _first(headers, (f"{family}-signature",)).split()
    delivery, time = (
        headers.get(f"{family}-id", ""),
        headers.get(f"{family}-timestamp", ""),
    )
    if not delivery:
        raise Unauthenticated("the signature names no delivery")
    _check_time(check, time, request.now)
    said = f"{delivery}.{time}.".encode("utf-8", "replace") + request.body
    keys = [key for secret in check.secrets if (key := _standard_key(secret, request))]
    wanted = [
        "v1," + base64.b64encode(hmac.new(key, said, sha256).digest()).decode()
        for key in keys
    ]
    _require_match(signatures, wanted)
    return Proof(Scheme.STANDARD, delivery=delivery)


_VERIFIERS: Final[Mapping[Scheme, Callable[[SignatureCheck, _Request], Proof]]] = {
    Scheme.ATTUNE: _by_contract,
    Scheme.GITHUB: _by_github,
    Scheme.GITLAB: _by_gitlab,
    Scheme.STRIPE: _by_stripe,
    Scheme.STANDARD: _by_standard,
}


def standard_key(secret: str) -> bytes | None:
    """Return the key that a secret of Standard Webhooks stands for, if it is one."""
    text = secret.removeprefix(STANDARD_PREFIX)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _standard_key(secret: str, request: _Request) -> bytes | None:
    if request.is_guessed and not secret.startswith(STANDARD_PREFIX):
        return None
    return standard_key(secret)


def _first(headers: Mapping[str, str], names: Sequence[str]) -> str:
    """Return the header that is there; the first of them decides alone."""
    given = next((headers[name] for name in names if name in headers), None)
    if given is None:
        raise Unauthenticated("the signature is missing")
    return given


def _check_prefixed(check: SignatureCheck, body: bytes, given: str) -> None:
    """Raise Unauthenticated unless it is `<algorithm>=<hex>` of the body."""
    digest = ALGORITHMS.get(check.algorithm)
    if digest is None:
        raise Unauthenticated("the signature cannot be verified")
    wanted = [
        f"{check.algorithm}={hmac.new(secret.encode(), body, digest).hexdigest()}"
        for secret in check.secrets
    ]
    _require_match([given.strip().lower()], wanted)


def _check_time(check: SignatureCheck, text: str, now: datetime) -> None:
    if not _DIGITS.match(text):
        raise Unauthenticated("the signature has no time")
    if abs(now.timestamp() - int(text)) > check.tolerance_seconds:
        raise Unauthenticated(
            f"the signature's time is more than {check.tolerance_seconds} seconds from"
            " ours"
        )


def _require_match(offered: Iterable[str], wanted: Sequence[str]) -> None:
    """Raise Unauthenticated unless one of those offered is one of those wanted."""
    if not wanted:
        raise Unauthenticated("the signature cannot be verified")
    # Bytes, because text outside ASCII cannot be compared in constant time; and every
    # pair, so that the time does not tell which one was right.
    pairs = [
        hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())
        for given in offered
        for right in wanted
    ]
    if not any(pairs):
        raise Unauthenticated("the signature is wrong")
