"""The application behind a real server, and clients of its socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from attune.api.socket.protocol import SocketProtocol
from tests.support.eventually import eventually

PATIENCE_SECONDS = 20


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """Serve on a free port of this machine; yields `host:port`."""
    config = uvicorn.Config(
        app,
        port=0,
        lifespan="on",
        log_config=None,
        ws=SocketProtocol,
        ws_max_size=16_384,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: server.started or task.done())
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"{host}:{port}"
    finally:
        server.should_exit = True
        await task


class Socket:
    """Says and hears JSON."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            message: dict[str, Any] = json.loads(await self.connection.recv())
        return message

    async def hear_until(self, wanted: str) -> dict[str, Any]:
        """Return the next message of this type, whatever comes before it."""
        while (message := await self.hear())["type"] != wanted:
            pass
        return message

    async def subscribe(self, wanted: str, after: str | None = None) -> str:
        """Follow, and return the cursor of the confirmation."""
        more = {} if after is None else {"after": after}
        await self.say(type="subscribe", filter=wanted, **more)
        confirmed = await self.hear_until("subscribed")
        assert confirmed["filter"] == wanted
        return str(confirmed["id"])

    async def told(self, count: int) -> list[dict[str, Any]]:
        """Return so many notifications."""
        return [await self.hear_until("notification") for _ in range(count)]

    async def close_code(self) -> int:
        """Wait for the other side to close."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.connection.wait_closed()
        assert self.connection.close_code is not None
        return self.connection.close_code


@asynccontextmanager
async def opened(
    address: str,
    headers: dict[str, str],
    *,
    path: str = "/ws",
    protocols: list[str] | None = None,
    **options: Any,
) -> AsyncIterator[Socket]:
    """Open a socket and hear its welcome."""
    offered = None if protocols is None else [Subprotocol(each) for each in protocols]
    async with connect(
        f"ws://{address}{path}",
        additional_headers=headers,
        subprotocols=offered,
        **options,
    ) as connection:
        socket = Socket(connection)
        assert (await socket.hear())["type"] == "welcome"
        yield socket
