"""Who may open a socket: decided before the upgrade, from its headers."""

from collections.abc import Collection
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.websockets import WebSocket

from attune.api.access import bearer_token
from attune.domain.cursor import Cursor
from attune.domain.errors import PermissionDenied
from attune.security.tokens import InvalidToken

PROTOCOL: Final = "attune.v1"
"""The subprotocol of browsers, which can send no header."""

_IN_PROTOCOL: Final = "attune.jwt."
_IN_QUERY: Final = frozenset({"token", "access_token", "api_token", "jwt"})


def read_token(socket: WebSocket) -> str:
    """Return the bearer token; raises InvalidToken for none, or one in the URL.

    A URL is written to logs on its way.
    """
    if _IN_QUERY & parse_qs(socket.url.query, keep_blank_values=True).keys():
        raise InvalidToken("A token in the URL is refused: send it in a header")
    for offered in offered_protocols(socket):
        if offered.startswith(_IN_PROTOCOL):
            return offered.removeprefix(_IN_PROTOCOL)
    return bearer_token(socket)


def offered_protocols(socket: WebSocket) -> list[str]:
    """Return the subprotocols the client can speak."""
    offered: list[str] = socket.scope.get("subprotocols", [])
    return offered


def read_cursor(socket: WebSocket) -> Cursor | None:
    """Return the cursor in the URL, from which every subscription begins."""
    given = socket.query_params.get("after")
    return Cursor.parse(given) if given else None


def check_origin(socket: WebSocket, allowed: Collection[str]) -> None:
    """Refuse a page of another site; programs send no origin."""
    origin = socket.headers.get("origin")
    if origin is None or origin in allowed:
        return
    if urlsplit(origin).netloc.lower() != socket.headers.get("host", "").lower():
        raise PermissionDenied("403 forbidden: pages of this origin may not connect")


def hide_query(socket: WebSocket) -> None:
    """Forget the URL's query, which the server would write to its log."""
    socket.scope["query_string"] = b""
