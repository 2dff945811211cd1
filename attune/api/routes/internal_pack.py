"""The files of packs, as workers fetch them."""

from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import FileResponse

from attune.api.dependencies import Packs, WorkerCaller
from attune.api.parameters import RefPath
from attune.api.routing import Router, allow

router = Router(prefix="/internal/packs", tags=["internal"])

HASH = "^[0-9a-f]{64}$"
HASH_HEADER = "X-Attune-Content-Hash"


@router.get("/{ref}/bundle", response_class=FileResponse)
@allow(slow=True)
async def get_pack_bundle(
    ref: RefPath,
    caller: WorkerCaller,
    packs: Packs,
    content_hash: Annotated[str | None, Query(pattern=HASH)] = None,
) -> Any:
    """Return the pack's files as a tar.gz: those of a hash, or those of now.

    The former files are kept, for what was requested before they were replaced.
    """
    del caller
    content_hash, path = await packs.bundle(ref, content_hash)
    return FileResponse(
        path, media_type="application/gzip", headers={HASH_HEADER: content_hash}
    )
