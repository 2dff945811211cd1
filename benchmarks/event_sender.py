"""An API process of its own, and a client that sends it events."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from attune.config_fields import PREFIX, variable
from attune.domain.permission import TokenType
from attune.security.tokens import Tokens
from attune.stack.ports import AUTOMATIC
from attune.stack.readiness import answers
from benchmarks.crowd import PAYLOAD

HOST = "127.0.0.1"
_READY_SECONDS = 60.0


@asynccontextmanager
async def serving(directory: Path, database_url: str, key: str) -> AsyncIterator[str]:
    """Run `attune api` on the database, and give its URL."""
    port = AUTOMATIC.settled(HOST).api
    settings = {
        "database.url": database_url,
        "security.jwt_secret": key,
        "security.encryption_key": key,
        "server.host": HOST,
        "server.port": str(port),
        "packs_base_dir": str(directory / "packs"),
        "artifacts_dir": str(directory / "artifacts"),
    }
    given = {variable(name): value for name, value in settings.items()}
    ours = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
    with (directory / "api.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "attune",
            "api",
            env=ours | given,
            stderr=log,
            stdout=log,
        )
        try:
            await _wait(process, port)
            yield f"http://{HOST}:{port}"
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _wait(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(_READY_SECONDS):
        while not await answers(HOST, port, "/health/ready"):
            if process.returncode is not None:
                raise SystemExit("the API did not start")
            await asyncio.sleep(0.1)


class EventSender:
    """Sends events of one trigger as a sensor does."""

    def __init__(self, address: str, key: str, trigger_ref: str) -> None:
        token = Tokens(key).sign(
            TokenType.SENSOR,
            identity_id=None,
            login="sensor:bench",
            metadata={"trigger_types": [trigger_ref]},
        )
        # The leanest client there is: what it uses is missing to what is measured.
        self._http = aiohttp.ClientSession(
            address, headers={"Authorization": f"Bearer {token}"}
        )
        self._event = {"trigger_ref": trigger_ref, "payload": PAYLOAD}

    async def send(self, count: int) -> None:
        """Send one event alone, or several as one batch."""
        if count == 1:
            await self._post("/api/v1/events", self._event)
        else:
            await self._post("/api/v1/events/batch", {"events": [self._event] * count})

    async def _post(self, path: str, body: object) -> None:
        async with self._http.post(path, json=body) as answer:
            answer.raise_for_status()
            await answer.read()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
