"""Runtimes, as workers ask for them."""

from typing import Any

from attune.api.dependencies import CatalogOfRuntimes, WorkerCaller
from attune.api.routing import Router
from attune.api.schemas.envelope import Data, listed

router = Router(prefix="/internal/runtimes", tags=["internal"])


@router.get("", response_model=Data[list[dict[str, Any]]])
async def list_runtime_definitions(
    caller: WorkerCaller, catalog: CatalogOfRuntimes
) -> Any:
    """Return every runtime that can run code, with its versions."""
    del caller
    return listed(await catalog.runtimes())
