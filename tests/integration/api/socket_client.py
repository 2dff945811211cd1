"""The application behind a real server, and clients of its socket."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from attune.api.socket.protocol import SocketProtocol
from attune.db.database import Database
from tests.integration.api.conftest import SECRET
from tests.integration.api.people import Api
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


@dataclass(frozen=True)
class Served:
    """A serving application and where its socket is."""

    api: Api
    address: str


@asynccontextmanager
async def served_api(app: FastAPI, database: Database) -> AsyncIterator[Served]:
    """Serve, with a client that calls over the network."""
    async with (
        serving(app) as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=30) as client,
    ):
        api = Api(client=client, app=app, database=database, secret=SECRET)
        yield Served(api, address)


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
        """Hear nothing but the other side closing."""
        while self.connection.close_code is None:
            with contextlib.suppress(ConnectionClosed):
                await self.hear()
        return self.connection.close_code


async def refusal(address: str, headers: dict[str, str], **options: Any) -> int:
    """Return the status of the answer to one who may not open a socket."""
    with pytest.raises(InvalidStatus) as refused:
        async with opened(address, headers, **options):
            pass
    return int(refused.value.response.status_code)


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
