"""Runtimes: listed, made, changed, removed."""

from http import HTTPStatus
from typing import Annotated, Any

from attune.api.access import requires
from attune.api.dependencies import Runtimes
from attune.api.parameters import Paging, RefPath, Search
from attune.api.routing import Router
from attune.api.schemas.envelope import Data, Success, data, success
from attune.api.schemas.page import Page, page
from attune.api.schemas.runtime import (
    CreateRuntimeRequest,
    RuntimeResponse,
    RuntimeSummary,
    UpdateRuntimeRequest,
)
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1", tags=["runtimes"])

Reader = Annotated[Caller, requires(Resource.RUNTIMES, Action.READ)]
Creator = Annotated[Caller, requires(Resource.RUNTIMES, Action.CREATE)]
Editor = Annotated[Caller, requires(Resource.RUNTIMES, Action.UPDATE)]
Remover = Annotated[Caller, requires(Resource.RUNTIMES, Action.DELETE)]


@router.get("/runtimes", response_model=Page[RuntimeSummary])
async def list_runtimes(
    caller: Reader, runtimes: Runtimes, paging: Paging, q: Search = None
) -> Any:
    """List runtimes by ref."""
    return page(await runtimes.page(caller, paging, q=q))


@router.get("/packs/{ref}/runtimes", response_model=Page[RuntimeSummary])
async def list_runtimes_by_pack(
    ref: RefPath, caller: Reader, runtimes: Runtimes, paging: Paging
) -> Any:
    """List the runtimes that a pack brings."""
    return page(await runtimes.page_of_pack(caller, paging, ref))


@router.post(
    "/runtimes", status_code=HTTPStatus.CREATED, response_model=Data[RuntimeResponse]
)
async def create_runtime(
    body: CreateRuntimeRequest, caller: Creator, runtimes: Runtimes
) -> Any:
    """Make a runtime; without an execution_config it cannot run actions."""
    return data(await runtimes.create(caller, body.given()), "Runtime created")


@router.get("/runtimes/{ref}", response_model=Data[RuntimeResponse])
async def get_runtime(ref: RefPath, caller: Reader, runtimes: Runtimes) -> Any:
    """Get one runtime."""
    return data(await runtimes.get(caller, ref))


@router.put("/runtimes/{ref}", response_model=Data[RuntimeResponse])
async def update_runtime(
    ref: RefPath, body: UpdateRuntimeRequest, caller: Editor, runtimes: Runtimes
) -> Any:
    """Change what is given of a runtime."""
    runtime = await runtimes.update(caller, ref, body.changes())
    return data(runtime, "Runtime updated")


@router.delete("/runtimes/{ref}", response_model=Success)
async def delete_runtime(ref: RefPath, caller: Remover, runtimes: Runtimes) -> Any:
    """Remove a runtime; actions that name it can no longer run."""
    await runtimes.delete(caller, ref)
    return success(f"Runtime {ref} deleted")
