"""A worker's line to the API: the only thing it knows of the platform's data.

Two of these calls belong to every execution. The client is aiohttp, because another
one was measured to take most of a worker's time.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, TypeVar

import aiohttp

from attune.domain.errors import Unavailable
from attune.runtimes.launch import ActionLaunch
from attune.runtimes.report import AttemptEnd, AttemptRecord, AttemptStart

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
REQUEST_SECONDS = 30.0
KEEP_ALIVE_SECONDS = 30.0
"""Shorter than what the API keeps, so that no connection closes under a request."""

_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_JSON = {"Content-Type": "application/json"}
_BYTES = {"Content-Type": "application/octet-stream"}


class Refused(Exception):
    """The API understood and said no; repeating it would change nothing."""

    def __init__(self, status_code: int, body: Mapping[str, Any]) -> None:
        super().__init__(f"refused with {status_code}")
        self.status_code = status_code
        self.body = body


@asynccontextmanager
async def open_api(base_url: str, connection_limit: int) -> AsyncIterator["WorkerApi"]:
    """Open the line; environment proxies do not apply to it."""
    connector = aiohttp.TCPConnector(
        limit=connection_limit, keepalive_timeout=KEEP_ALIVE_SECONDS
    )
    async with aiohttp.ClientSession(
        base_url.rstrip("/"),
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
    ) as session:
        yield WorkerApi(session)


class WorkerApi:
    """The internal routes, each repeated until they answer."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._authorization: dict[str, str] = {}

    def use_token(self, token: str) -> None:
        """Speak with this token from now on."""
        self._authorization = {"Authorization": f"Bearer {token}"}

    async def register(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make this worker known; answers its row."""
        content = json.dumps(body).encode()
        return await persist(lambda: self.post("/internal/workers/register", content))

    async def heartbeat(
        self, worker_id: int, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Tell that we live and what we run; one try, since the next beat is near."""
        path = f"/internal/workers/{worker_id}/heartbeat"
        return await self.post(path, json.dumps(body).encode())

    async def runtimes(self) -> list[dict[str, Any]]:
        """Return every runtime of the platform that can run code."""
        answer = await persist(lambda: self._call("GET", "/internal/runtimes"))
        runtimes: list[dict[str, Any]] = answer["data"]
        return runtimes

    async def start(self, execution_id: int, start: AttemptStart) -> ActionLaunch:
        """Claim the execution and learn what to run; Refused if it is not ours."""
        path = f"/internal/executions/{execution_id}/start"
        content = start.model_dump_json().encode()
        answer = await persist(lambda: self.post(path, content))
        return ActionLaunch.model_validate(answer["data"])

    async def finish(self, execution_id: int, end: AttemptEnd) -> AttemptRecord:
        """Record the end, repeated until the API takes it."""
        path = f"/internal/executions/{execution_id}/finish"
        content = end.model_dump_json().encode()
        answer = await persist(lambda: self.post(path, content))
        return AttemptRecord.model_validate(answer["data"])

    async def append_output(
        self, execution_id: int, attempt_id: str, stream: str, offset: int, data: bytes
    ) -> None:
        """Append live output; what was appended before at this offset is kept."""
        path = (
            f"/internal/executions/{execution_id}/output/{stream}"
            f"?attempt_id={attempt_id}&offset={offset}"
        )
        await persist(lambda: self.post_bytes(path, data))

    async def awaited_files(self, execution_id: int) -> list[dict[str, Any]]:
        """Return the files that the execution was to write, with the ids to send."""
        path = f"/internal/executions/{execution_id}/files"
        answer = await persist(lambda: self._call("GET", path))
        files: list[dict[str, Any]] = answer["data"]
        return files

    async def send_file(
        self, execution_id: int, version_id: int, open_file: Callable[[], BinaryIO]
    ) -> None:
        """Send a file piece by piece; it is opened anew for each try."""
        path = f"/internal/executions/{execution_id}/files/{version_id}"

        async def send() -> None:
            sent = {**self._authorization, **_BYTES}
            timeout = aiohttp.ClientTimeout(total=None, sock_read=REQUEST_SECONDS)
            try:
                async with self._session.post(
                    path, data=open_file(), headers=sent, timeout=timeout
                ) as response:
                    await _check(response)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise Unavailable(type(error).__name__) from error

        await persist(send)

    @asynccontextmanager
    async def bundle(
        self, pack_ref: str, content_hash: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Stream the pack's files of this hash as a tar archive."""
        path = f"/internal/packs/{pack_ref}/bundle?content_hash={content_hash}"
        try:
            async with self._session.get(path, headers=self._authorization) as response:
                await _check(response)
                yield response
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(type(error).__name__) from error

    async def post(self, path: str, content: bytes) -> dict[str, Any]:
        """Post a JSON document, once."""
        return await self._call("POST", path, data=content, headers=_JSON)

    async def post_bytes(self, path: str, content: bytes) -> dict[str, Any]:
        """Post raw bytes, once."""
        return await self._call("POST", path, data=content, headers=_BYTES)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        sent = {**self._authorization, **(headers or {})}
        try:
            async with self._session.request(
                method, path, data=data, headers=sent
            ) as response:
                await _check(response)
                answer: dict[str, Any] = json.loads(await response.read() or b"{}")
                return answer
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(type(error).__name__) from error


async def persist(call: Callable[[], Awaitable[Answer]]) -> Answer:
    """Repeat `call` with growing pauses until it is answered or refused."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await call()
        except Unavailable as error:
            logger.warning("API does not answer", extra={"reason": error.message})
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def _check(response: aiohttp.ClientResponse) -> None:
    if response.status in _TRY_AGAIN:
        raise Unavailable(f"status {response.status}")
    if not response.ok:
        raise Refused(response.status, await _body(response))


async def _body(response: aiohttp.ClientResponse) -> Mapping[str, Any]:
    try:
        body = json.loads(await response.read())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
