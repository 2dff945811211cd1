"""What a request to a webhook must pass (contract, g.1).

The configuration may have been written by plain SQL, so nothing about it is taken for
granted: a check that is switched on and cannot be made refuses the request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from attune.domain.errors import MalformedInput, PermissionDenied
from attune.domain.json import Json, JsonObject
from attune.domain.webhook_address import (
    Address,
    Network,
    parse_address,
    parse_network,
)
from attune.domain.webhook_signature import (
    DEFAULT_TOLERANCE_SECONDS,
    Proof,
    Scheme,
    SignatureCheck,
)

DEFAULT_PAYLOAD_KB: Final = 1_000


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
    signature: SignatureCheck | None = None
    """The proof that every request must carry; None asks for none."""

    @classmethod
    def parse(cls, config: Json) -> "WebhookChecks":
        """Read a trigger's webhook_config; what cannot be read is closed, not open."""
        if config is None:
            return cls()
        if not isinstance(config, dict):
            return cls(signature=SignatureCheck(scheme=None))
        return cls(
            payload_limit_bytes=_payload_limit(config.get("payload_size_limit_kb")),
            networks=_networks(section_of(config, "ip_whitelist")),
            rate_limit=_rate_limit(section_of(config, "rate_limit")),
            signature=_signature(section_of(config, "hmac")),
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

    def check_signature(
        self, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> Proof | None:
        """Return the proof, or None where none is asked for; raises Unauthenticated."""
        if self.signature is None:
            return None
        return self.signature.verify(body, headers, now)


def section_of(config: Mapping[str, Json], name: str) -> JsonObject | None:
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
    found = (parse_network(text) for text in texts)
    return tuple(network for network in found if network is not None)


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


def _signature(section: JsonObject | None) -> SignatureCheck | None:
    if section is None:
        return None
    return SignatureCheck(
        scheme=_scheme(section.get("scheme", section.get("format", Scheme.AUTO))),
        algorithm=_algorithm(section.get("algorithm", "sha256")),
        secrets=_secrets(section),
        tolerance_seconds=_count(
            section.get("tolerance_seconds"), DEFAULT_TOLERANCE_SECONDS
        ),
    )


def _scheme(named: Json) -> Scheme | None:
    try:
        return Scheme(named.lower()) if isinstance(named, str) else None
    except ValueError:
        return None


def _algorithm(named: Json) -> str:
    return named.lower() if isinstance(named, str) else "unknown"


def _secrets(section: JsonObject) -> tuple[str, ...]:
    more = section.get("secrets")
    listed = [section.get("secret"), *(more if isinstance(more, list) else [])]
    return tuple(secret for secret in listed if isinstance(secret, str) and secret)
