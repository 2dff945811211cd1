"""From a request to a webhook to what was delivered: the bytes, and who sent them."""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Final

from fastapi import Request

from attune.api.body import read_body, require_json
from attune.domain.webhook import Address, client_address
from attune.services.event.receive import Delivery

_PLAIN_TEXT: Final = "text/plain"


class Proxies:
    """The proxies whose word about a sender's address is taken; others may lie."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted = tuple(ip_network(network) for network in trusted)

    def sender(self, request: Request, headers: dict[str, str]) -> Address | None:
        """Return who sent the request; None when nobody can tell."""
        peer = request.client.host if request.client else None
        return client_address(peer, headers, self._trusted)


async def read_delivery(request: Request, key: str, proxies: Proxies) -> Delivery:
    """Read all there is; some senders call their JSON plain text, or nothing at all."""
    headers = joined_headers(request)
    if not headers.get("content-type", _PLAIN_TEXT).lower().startswith(_PLAIN_TEXT):
        require_json(request)
    return Delivery(
        key=key,
        body=await read_body(request),
        headers=headers,
        sender=proxies.sender(request, headers),
    )


def joined_headers(request: Request) -> dict[str, str]:
    """Return the headers by lower-case name; one that is repeated is one long one.

    A proxy may add its line below one that the sender wrote.
    """
    joined: dict[str, str] = {}
    for raw_name, raw_value in request.headers.raw:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
