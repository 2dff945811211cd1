"""Who sent a request, as far as proxies that are trusted can tell."""

from collections.abc import Mapping, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


def parse_network(text: object) -> Network | None:
    """Read an address or a network in CIDR notation; None for anything else."""
    try:
        return ip_network(text, strict=False) if isinstance(text, str) else None
    except ValueError:
        return None


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
