"""The files of packs, as workers fetch them."""

from typing import Any

from fastapi.responses import FileResponse

from attune.api.dependencies import Packs, WorkerCaller
from attune.api.parameters import RefPath
from attune.api.routing import Router, allow

router = Router(prefix="/internal/packs", tags=["internal"])

HASH_HEADER = "X-Attune-Content-Hash"


@router.get("/{ref}/bundle", response_class=FileResponse)
@allow(slow=True)
async def get_pack_bundle(ref: RefPath, caller: WorkerCaller, packs: Packs) -> Any:
    """Return the pack's files as a tar.gz, with the hash that names them."""
    del caller
    content_hash, path = await packs.bundle(ref)
    return FileResponse(
        path, media_type="application/gzip", headers={HASH_HEADER: content_hash}
    )
