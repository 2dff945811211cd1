"""From a request to a webhook to what was delivered: the bytes, and who sent them."""

from collections.abc import Iterable
from http import HTTPStatus
from ipaddress import ip_network
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from starlette.exceptions import HTTPException

from attune.api.body import read_body
from attune.domain.webhook_address import Address, client_address
from attune.domain.webhook_body import body_kind
from attune.services.event.receive import Delivery


class Proxies:
    """The proxies whose word about a sender's address is taken; others may lie."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted = tuple(ip_network(network) for network in trusted)

    def sender(self, request: Request, headers: dict[str, str]) -> Address | None:
        """Return who sent the request; None when nobody can tell."""
        peer = request.client.host if request.client else None
        return client_address(peer, headers, self._trusted)


class TraceTag:
    """What a request says that everything caused by it is to carry."""

    async def __call__(
        self,
        trace_tag: Annotated[str | None, Query(min_length=1, max_length=255)] = None,
        x_trace_tag: Annotated[
            str | None, Header(alias="X-Trace-Tag", min_length=1, max_length=255)
        ] = None,
    ) -> str | None:
        """Return the tag of the query, or else the one of the header."""
        return trace_tag or x_trace_tag


Traced = Annotated[str | None, Depends(TraceTag())]


async def read_delivery(
    request: Request, key: str, trace_tag: str | None, proxies: Proxies
) -> Delivery:
    """Read all there is of a request, as long as it is of a kind that is taken."""
    headers = joined_headers(request)
    kind = body_kind(headers.get("content-type"))
    if kind is None:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    return Delivery(
        key=key,
        kind=kind,
        body=await read_body(request),
        headers=headers,
        sender=proxies.sender(request, headers),
        trace_tag=trace_tag,
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
