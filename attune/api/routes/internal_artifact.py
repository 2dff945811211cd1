"""Files that actions wrote on a worker's own disk; only worker tokens enter."""

import asyncio
import tempfile
from typing import Any

from fastapi import Request

from attune.api.dependencies import Collecting, WorkerCaller
from attune.api.limits import BodySize
from attune.api.parameters import Id
from attune.api.routing import Router, allow
from attune.api.schemas.envelope import Data, Read, Success, listed, success

router = Router(prefix="/internal/executions", tags=["internal"])


class AwaitedFileResponse(Read):
    """A file that an execution was to write."""

    version_id: int
    file_path: str


@router.get("/{execution_id}/files", response_model=Data[list[AwaitedFileResponse]])
async def list_awaited_files(
    execution_id: Id, caller: WorkerCaller, collecting: Collecting
) -> Any:
    """List the files that the execution allocated and that are not here yet."""
    del caller
    return listed(await collecting.awaited(execution_id))


@router.post("/{execution_id}/files/{version_id}", response_model=Success)
@allow(body=BodySize.ARTIFACT, slow=True)
async def take_file(
    execution_id: Id,
    version_id: Id,
    request: Request,
    caller: WorkerCaller,
    collecting: Collecting,
) -> Any:
    """Take one of them; it goes to disk as it comes."""
    del caller
    with tempfile.TemporaryFile() as file:
        async for piece in request.stream():
            await asyncio.to_thread(file.write, piece)
        file.seek(0)
        await collecting.take(execution_id, version_id, file)
    return success("taken")
