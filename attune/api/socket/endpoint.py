"""The route of the socket: the door, the welcome, the farewell."""

from uuid import uuid4

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from attune.api.errors import attune_error_response
from attune.api.socket.conversation import Conversation
from attune.api.socket.handshake import (
    PROTOCOL,
    check_origin,
    hide_query,
    offered_protocols,
    read_cursor,
    read_token,
)
from attune.api.socket.limits import SocketLimits
from attune.domain.errors import AttuneError
from attune.services.notification.follow import Follower, FollowService

PATH = "/ws"


def socket_route(limits: SocketLimits) -> WebSocketRoute:
    """Return the route; it is no `Route`, and asks for the token itself."""

    async def serve(socket: WebSocket) -> None:
        """Refuse before the upgrade whom the socket is not for, or talk."""
        following: FollowService = socket.app.state.by_type[FollowService]
        try:
            check_origin(socket, limits.allowed_origins)
            token, after = read_token(socket), read_cursor(socket)
            hide_query(socket)
            async with following.follow(token) as follower:
                await _welcome(socket, follower)
                talk = Conversation(socket, follower, limits, after)
                farewell = await talk.hold()
        except AttuneError as refusal:
            hide_query(socket)
            await socket.send_denial_response(attune_error_response(refusal))
            return
        if farewell is not None:
            await socket.close(farewell.code, farewell.reason)

    return WebSocketRoute(PATH, serve)


async def _welcome(socket: WebSocket, follower: Follower) -> None:
    spoken = PROTOCOL if PROTOCOL in offered_protocols(socket) else None
    await socket.accept(subprotocol=spoken)
    await socket.send_json(
        {
            "type": "welcome",
            "client_id": uuid4().hex,
            "message": "Subscribe to what you want to follow",
            "id": str(follower.position),
        }
    )
