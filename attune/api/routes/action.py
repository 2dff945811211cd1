"""Actions: listed, found, made, changed, removed."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Query

from attune.api.access import requires
from attune.api.dependencies import Actions
from attune.api.parameters import Paging, RefPath, Search
from attune.api.routing import Router
from attune.api.schemas.action import (
    ActionResponse,
    ActionSearchHit,
    ActionSummary,
    CreateActionRequest,
    UpdateActionRequest,
)
from attune.api.schemas.envelope import Data, Success, data, success
from attune.api.schemas.page import Page, page
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1", tags=["actions"])

Reader = Annotated[Caller, requires(Resource.ACTIONS, Action.READ)]
Creator = Annotated[Caller, requires(Resource.ACTIONS, Action.CREATE)]
Editor = Annotated[Caller, requires(Resource.ACTIONS, Action.UPDATE)]
Remover = Annotated[Caller, requires(Resource.ACTIONS, Action.DELETE)]
Text = Annotated[str | None, Query(max_length=255)]
Refs = Annotated[str | None, Query(max_length=4096)]


@router.get("/actions", response_model=Page[ActionSummary])
async def list_actions(
    caller: Reader,
    actions: Actions,
    paging: Paging,
    *,
    q: Search = None,
    pack_ref: Text = None,
    enabled: bool | None = None,
    executable_with_current_access: bool = False,
    referencing_pack_ref: Text = None,
) -> Any:
    """List actions by ref, perhaps only those that the caller may execute."""
    found = await actions.page(
        caller,
        paging,
        q=q,
        pack_refs=_split(pack_ref),
        enabled=enabled,
        referencing_pack_ref=referencing_pack_ref,
        executable=executable_with_current_access,
    )
    return page(found)


@router.post(
    "/actions", status_code=HTTPStatus.CREATED, response_model=Data[ActionResponse]
)
async def create_action(
    body: CreateActionRequest, caller: Creator, actions: Actions
) -> Any:
    """Make an action; its entrypoint is a file of the pack, or code itself."""
    return data(await actions.create(caller, body.given()), "Action created")


@router.get("/actions/search", response_model=Page[ActionSearchHit])
async def search_actions(
    caller: Reader,
    actions: Actions,
    paging: Paging,
    *,
    q: Search = None,
    packs: Refs = None,
    referencing_pack_ref: Text = None,
) -> Any:
    """Find actions, with only what is needed to choose one."""
    found = await actions.page(
        caller,
        paging,
        q=q,
        pack_refs=_split(packs),
        referencing_pack_ref=referencing_pack_ref,
    )
    return page(found)


@router.get("/actions/{ref}", response_model=Data[ActionResponse])
async def get_action(ref: RefPath, caller: Reader, actions: Actions) -> Any:
    """Get one action."""
    return data(await actions.get(caller, ref))


@router.put("/actions/{ref}", response_model=Data[ActionResponse])
async def update_action(
    ref: RefPath, body: UpdateActionRequest, caller: Editor, actions: Actions
) -> Any:
    """Change what is given of an action."""
    return data(await actions.update(caller, ref, body.changes()), "Action updated")


@router.delete("/actions/{ref}", response_model=Success)
async def delete_action(ref: RefPath, caller: Remover, actions: Actions) -> Any:
    """Remove an action; its executions stay."""
    await actions.delete(caller, ref)
    return success(f"Action '{ref}' deleted")


@router.get("/packs/{pack_ref}/actions", response_model=Page[ActionSummary])
async def list_actions_by_pack(
    pack_ref: RefPath,
    caller: Reader,
    actions: Actions,
    paging: Paging,
    q: Search = None,
) -> Any:
    """List the actions of a pack."""
    return page(await actions.page_of_pack(caller, paging, pack_ref, q))


def _split(refs: str | None) -> frozenset[str] | None:
    """Read a list of refs between commas; without one, any will do."""
    named = frozenset(part.strip() for part in (refs or "").split(",") if part.strip())
    return named or None
