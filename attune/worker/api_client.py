"""A worker's line to the API: the only thing it knows of the platform's data."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx

from attune.domain.errors import Unavailable
from attune.runtimes.launch import ActionLaunch
from attune.runtimes.report import AttemptEnd, AttemptRecord, AttemptStart

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}


class Refused(Exception):
    """The API understood and said no; repeating it would change nothing."""

    def __init__(self, status_code: int, body: Mapping[str, Any]) -> None:
        super().__init__(f"refused with {status_code}")
        self.status_code = status_code
        self.body = body


class WorkerApi:
    """The internal routes, each repeated until they answer."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    def use_token(self, token: str) -> None:
        """Speak with this token from now on."""
        self._client.headers["Authorization"] = f"Bearer {token}"

    async def register(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make this worker known; answers its row."""
        return await persist(lambda: self._post("/internal/workers/register", body))

    async def heartbeat(
        self, worker_id: int, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Tell that we live and what we run; one try, since the next beat is near."""
        return await self._post(f"/internal/workers/{worker_id}/heartbeat", body)

    async def runtimes(self) -> list[dict[str, Any]]:
        """Return every runtime of the platform that can run code."""
        answer = await persist(lambda: _answer(self._client.get("/internal/runtimes")))
        runtimes: list[dict[str, Any]] = answer["data"]
        return runtimes

    async def start(self, execution_id: int, start: AttemptStart) -> ActionLaunch:
        """Claim the execution and learn what to run; Refused if it is not ours."""
        path = f"/internal/executions/{execution_id}/start"
        answer = await persist(lambda: self._send_json(path, start.model_dump_json()))
        return ActionLaunch.model_validate(answer["data"])

    async def finish(self, execution_id: int, end: AttemptEnd) -> AttemptRecord:
        """Record the end, repeated until the API takes it."""
        body = end.model_dump_json()
        path = f"/internal/executions/{execution_id}/finish"
        answer = await persist(lambda: self._send_json(path, body))
        return AttemptRecord.model_validate(answer["data"])

    async def append_output(
        self, execution_id: int, attempt_id: str, stream: str, offset: int, data: bytes
    ) -> None:
        """Append live output; what was appended before at this offset is kept."""
        path = f"/internal/executions/{execution_id}/output/{stream}"
        params = {"attempt_id": attempt_id, "offset": str(offset)}
        await persist(lambda: self._send_bytes(path, params, data))

    @asynccontextmanager
    async def bundle(self, pack_ref: str) -> AsyncIterator[httpx.Response]:
        """Stream the pack's files as a tar archive."""
        async with self._client.stream(
            "GET", f"/internal/packs/{pack_ref}/bundle"
        ) as response:
            await _check(response)
            yield response

    async def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await _answer(self._client.post(path, json=body))

    async def _send_json(self, path: str, body: str) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        return await _answer(self._client.post(path, content=body, headers=headers))

    async def _send_bytes(
        self, path: str, params: Mapping[str, str], data: bytes
    ) -> dict[str, Any]:
        headers = {"Content-Type": "application/octet-stream"}
        return await _answer(
            self._client.post(path, params=dict(params), content=data, headers=headers)
        )


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


async def _answer(request: Awaitable[httpx.Response]) -> dict[str, Any]:
    try:
        response = await request
    except httpx.TransportError as error:
        raise Unavailable(type(error).__name__) from error
    await _check(response)
    answer: dict[str, Any] = response.json() if response.content else {}
    return answer


async def _check(response: httpx.Response) -> None:
    if response.status_code in _TRY_AGAIN:
        raise Unavailable(f"status {response.status_code}")
    if response.is_error:
        await response.aread()
        raise Refused(response.status_code, _body(response))


def _body(response: httpx.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
