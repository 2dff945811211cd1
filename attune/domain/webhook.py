"""What a request to a webhook must pass, and what is kept of it (contract, g.1).

The configuration may have been written by plain SQL, so nothing about it is taken for
granted: a check that is switched on and cannot be made refuses the request.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1, sha256, sha512
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from itertools import islice
from typing import Any, Final, TypeAlias

from attune.domain.errors import MalformedInput, PermissionDenied, Unauthenticated
from attune.domain.json import Json, JsonObject, replace_unstorable_text

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

DEFAULT_PAYLOAD_KB: Final = 1_000
SIGNATURE_HEADERS: Final = ("x-webhook-signature", "x-hub-signature-256")
DELIVERY_HEADERS: Final = (
    "idempotency-key",
    "x-idempotency-key",
    "webhook-id",
    "x-github-delivery",
    "x-gitlab-event-uuid",
)

# SHA-1 is what some senders offer; an HMAC does not need collision resistance.
_ALGORITHMS: Final[dict[str, Callable[..., Any]]] = {
    "sha1": sha1,
    "sha256": sha256,
    "sha512": sha512,
}
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
)
_MOST_HEADERS: Final = 100
_LONGEST_HEADER: Final = 2_000


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests in a window."""

    requests: int
    window_seconds: int


@dataclass(frozen=True, slots=True)
class WebhookChecks:
    """The checks of one webhook, in the order they are made."""

    payload_limit_bytes: int = DEFAULT_PAYLOAD_KB * 1024
    networks: tuple[Network, ...] | None = None
    """Who may send; None is anybody."""
    rate_limit: RateLimit | None = None
    algorithm: str | None = None
    """The HMAC every request must carry; None asks for none."""
    secret: str | None = None

    @classmethod
    def parse(cls, config: Mapping[str, Json] | None) -> "WebhookChecks":
        """Read a trigger's webhook_config; what cannot be read is closed, not open."""
        config = config or {}
        hmac_section = _section(config, "hmac")
        return cls(
            payload_limit_bytes=_payload_limit(config.get("payload_size_limit_kb")),
            networks=_networks(_section(config, "ip_whitelist")),
            rate_limit=_rate_limit(_section(config, "rate_limit")),
            algorithm=None if hmac_section is None else _algorithm(hmac_section),
            secret=None if hmac_section is None else _text(hmac_section.get("secret")),
        )

    def check_size(self, length: int) -> None:
        """Raise MalformedInput for a body above the limit."""
        if length > self.payload_limit_bytes:
            raise MalformedInput(
                f"payload is larger than {self.payload_limit_bytes} bytes"
            )

    def check_address(self, address: Address | str | None) -> None:
        """Raise PermissionDenied unless the sender is known and on the list."""
        if self.networks is None:
            return
        sender = parse_address(address)
        if sender is None or not any(sender in network for network in self.networks):
            raise PermissionDenied("403 forbidden: this address may not send here")

    def check_signature(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Tell whether a signature was verified; raises Unauthenticated if it is not.

        `headers` has lower-case names, `body` is what arrived, before any parsing.
        """
        if self.algorithm is None:
            return False
        given = next((headers[h] for h in SIGNATURE_HEADERS if h in headers), None)
        if given is None:
            raise Unauthenticated("the signature is missing")
        digest = _ALGORITHMS.get(self.algorithm)
        if not self.secret or digest is None:
            raise Unauthenticated("the signature cannot be verified")
        computed = hmac.new(self.secret.encode(), body, digest).hexdigest()
        wanted = f"{self.algorithm}={computed}"
        # Bytes, because text outside ASCII cannot be compared in constant time.
        offered = given.strip().lower().encode("utf-8", "replace")
        if not hmac.compare_digest(offered, wanted.encode()):
            raise Unauthenticated("the signature is wrong")
        return True


def _section(config: Mapping[str, Json], name: str) -> JsonObject | None:
    """Return a section that is switched on; `enabled` must be false to switch it off."""
    section = config.get(name)
    if section is None:
        return None
    if not isinstance(section, dict):
        return {}
    return None if section.get("enabled", True) is False else section


def _payload_limit(kilobytes: Json) -> int:
    if isinstance(kilobytes, bool) or not isinstance(kilobytes, int | float):
        return DEFAULT_PAYLOAD_KB * 1024
    return int(max(kilobytes, 0) * 1024)


def _networks(section: JsonObject | None) -> tuple[Network, ...] | None:
    if section is None:
        return None
    listed = section.get("ips")
    texts = listed if isinstance(listed, list) else []
    return tuple(network for text in texts if (network := _network(text)) is not None)


def _network(text: Json) -> Network | None:
    try:
        return ip_network(text, strict=False) if isinstance(text, str) else None
    except ValueError:
        return None


def _rate_limit(section: JsonObject | None) -> RateLimit | None:
    if section is None:
        return None
    # What cannot be read is one request in the longest window: nearly closed.
    requests = _count(section.get("requests"), 1)
    return RateLimit(requests, _count(section.get("window_seconds"), 3_600))


def _count(value: Json, otherwise: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        return otherwise
    return value


def _algorithm(section: JsonObject) -> str:
    named = section.get("algorithm", "sha256")
    return named.lower() if isinstance(named, str) else "unknown"


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def parse_address(address: Address | str | None) -> Address | None:
    """Read an address; one that stands for an IPv4 address is that address."""
    if address is None:
        return None
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed


def client_address(
    peer: str | None, headers: Mapping[str, str], trusted: Sequence[Network]
) -> Address | None:
    """Return who sent the request, as far as proxies we trust can tell.

    X-Forwarded-For is read from its end, past trusted proxies only, for anyone can
    write its beginning; X-Real-IP is believed when the peer is trusted.
    """
    sender = parse_address(peer)
    if sender is None or not _is_within(sender, trusted):
        return sender
    forwarded = headers.get("x-forwarded-for")
    if forwarded is None:
        return parse_address(headers.get("x-real-ip", "").strip()) or sender
    for hop in reversed(forwarded.split(",")):
        claimed = parse_address(hop.strip())
        if claimed is None:
            return None
        sender = claimed
        if not _is_within(sender, trusted):
            break
    return sender


def _is_within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


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


def delivery_key(headers: Mapping[str, str]) -> str | None:
    """Return what the sender calls this delivery, so that a repeated one is the same.

    `headers` has lower-case names.
    """
    keys = (headers.get(name, "").strip() for name in DELIVERY_HEADERS)
    return next((key for key in keys if key), None)


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
