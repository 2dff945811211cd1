"""What is said over one socket: it asks and is answered, and is told what it follows."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from attune.api.socket.limits import Pace, SocketLimits
from attune.domain.cursor import Cursor
from attune.domain.errors import (
    InvalidInput,
    PermissionDenied,
    Unauthenticated,
    Unavailable,
)
from attune.domain.notification import Filter, FilterKind
from attune.services.notification.follow import GAP, Follower


@dataclass(frozen=True)
class Farewell:
    """How a socket is closed."""

    code: int
    reason: str


NO_LONGER_ALLOWED: Final = 4401
TOO_MUCH: Final = 1008
NOT_TEXT: Final = 1003
LATER: Final = 1013


class Conversation:
    """One socket from its welcome to its end."""

    def __init__(
        self,
        socket: WebSocket,
        follower: Follower,
        limits: SocketLimits,
        after: Cursor | None,
    ) -> None:
        self._socket = socket
        self._follower = follower
        self._limits = limits
        self._after = after
        self._turn = asyncio.Lock()

    async def hold(self) -> Farewell | None:
        """Talk until either side ends it; None when there is nobody to take leave of."""
        tasks = {
            asyncio.create_task(self._answer_all()),
            asyncio.create_task(self._tell_all()),
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return _first_result(done)

    async def _answer_all(self) -> Farewell | None:
        pace = Pace(self._limits.messages_per_second)
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return None
            if message.get("text") is None:
                return Farewell(NOT_TEXT, "messages are JSON text")
            if not pace.allows():
                return Farewell(TOO_MUCH, "too many messages")
            try:
                await self._answer(_parse(message["text"]))
            except (InvalidInput, PermissionDenied) as error:
                await self._say({"type": "error", "message": error.message})
            except Unauthenticated as error:
                return Farewell(NO_LONGER_ALLOWED, error.message)
            except Unavailable as error:
                return Farewell(LATER, error.message)

    async def _answer(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "ping":
            position = str(self._follower.position)
            await self._say({"type": "pong", "id": position})
        elif kind == "subscribe":
            for wanted in _filters(message):
                await self._subscribe(wanted, _cursor(message) or self._after)
        elif kind == "unsubscribe":
            for wanted in _filters(message):
                self._follower.unsubscribe(wanted)
                await self._say({"type": "unsubscribed", "filter": str(wanted)})
        else:
            raise InvalidInput("`type` is one of: subscribe, unsubscribe, ping")

    async def _subscribe(self, wanted: Filter, after: Cursor | None) -> None:
        is_new = not self._follower.follows(wanted)
        if is_new and self._follower.subscription_count >= self._limits.subscriptions:
            raise InvalidInput(
                f"a socket has at most {self._limits.subscriptions} subscriptions"
            )
        # Nothing of it is told before it is confirmed.
        async with self._turn:
            position = after or self._follower.position
            is_whole = self._follower.subscribe(wanted, after)
            name = str(wanted)
            await self._send(
                {"type": "subscribed", "filter": name, "id": str(position)}
            )
            if not is_whole:
                await self._send({"type": "gap", "filter": name, "message": GAP})
            if after is None and wanted.kind is FilterKind.TRIGGER_REF:
                for message in await self._follower.catch_up(wanted):
                    await self._send(message)

    async def _tell_all(self) -> Farewell:
        try:
            while True:
                for told in await self._follower.next(self._limits.check_seconds):
                    await self._say(told.document())
        except (Unauthenticated, PermissionDenied) as error:
            return Farewell(NO_LONGER_ALLOWED, error.message)
        except Unavailable as error:
            return Farewell(LATER, error.message)

    async def _say(self, message: dict[str, Any]) -> None:
        async with self._turn:
            await self._send(message)

    async def _send(self, message: Mapping[str, Any]) -> None:
        """Wait for a slow reader, but not for ever; raises TimeoutError."""
        async with asyncio.timeout(self._limits.send_timeout_seconds):
            await self._socket.send_text(json.dumps(message, default=str))


def _first_result(done: set[asyncio.Task[Farewell | None]]) -> Farewell | None:
    """Return how it ended; who went away, or reads nothing, hears no farewell."""
    for task in done:
        error = task.exception()
        if error is None:
            return task.result()
        if not isinstance(error, WebSocketDisconnect | TimeoutError | OSError):
            raise error
    return None


def _parse(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput("a message is a JSON object") from None
    if not isinstance(message, dict):
        raise InvalidInput("a message is a JSON object")
    return message


def _filters(message: dict[str, Any]) -> Sequence[Filter]:
    given = message.get("filter", message.get("filters"))
    texts: list[Any] = given if isinstance(given, list) else [given]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise InvalidInput("`filter` is a text, or a list of texts")
    return [Filter.parse(text) for text in texts]


def _cursor(message: dict[str, Any]) -> Cursor | None:
    after = message.get("after")
    if after is None:
        return None
    if not isinstance(after, str):
        raise InvalidInput("`after` is a cursor as it was given: a text")
    return Cursor.parse(after)
