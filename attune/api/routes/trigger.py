"""Triggers: listed, made, changed, switched, removed."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Query

from attune.api.access import requires
from attune.api.dependencies import Triggers
from attune.api.parameters import Paging, RefPath, Search
from attune.api.routing import Router
from attune.api.schemas.envelope import Data, Success, data, success
from attune.api.schemas.page import Page, page
from attune.api.schemas.trigger import (
    CreateTriggerRequest,
    TriggerResponse,
    TriggerSummary,
    UpdateTriggerRequest,
    trigger_response,
)
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1", tags=["triggers"])

Reader = Annotated[Caller, requires(Resource.TRIGGERS, Action.READ)]
Creator = Annotated[Caller, requires(Resource.TRIGGERS, Action.CREATE)]
Editor = Annotated[Caller, requires(Resource.TRIGGERS, Action.UPDATE)]
Remover = Annotated[Caller, requires(Resource.TRIGGERS, Action.DELETE)]
Text = Annotated[str | None, Query(max_length=255)]


@router.get("/triggers", response_model=Page[TriggerSummary])
async def list_triggers(
    caller: Reader,
    triggers: Triggers,
    paging: Paging,
    *,
    q: Search = None,
    pack_ref: Text = None,
    enabled: bool | None = None,
    referencing_pack_ref: Text = None,
) -> Any:
    """List triggers by ref."""
    found = await triggers.page(
        caller,
        paging,
        q=q,
        pack_ref=pack_ref,
        enabled=enabled,
        referencing_pack_ref=referencing_pack_ref,
    )
    return page(found)


@router.post(
    "/triggers", status_code=HTTPStatus.CREATED, response_model=Data[TriggerResponse]
)
async def create_trigger(
    body: CreateTriggerRequest, caller: Creator, triggers: Triggers
) -> Any:
    """Make a trigger."""
    trigger = await triggers.create(caller, body.given())
    return data(trigger_response(trigger), "Trigger created")


@router.get("/triggers/enabled", response_model=Page[TriggerSummary])
async def list_enabled_triggers(
    caller: Reader,
    triggers: Triggers,
    paging: Paging,
    q: Search = None,
    referencing_pack_ref: Text = None,
) -> Any:
    """List the triggers whose events reach their rules."""
    found = await triggers.page(
        caller,
        paging,
        q=q,
        enabled=True,
        referencing_pack_ref=referencing_pack_ref,
    )
    return page(found)


@router.get("/triggers/{ref}", response_model=Data[TriggerResponse])
async def get_trigger(
    ref: RefPath,
    caller: Reader,
    triggers: Triggers,
    referencing_pack_ref: Text = None,
) -> Any:
    """Get one trigger, perhaps only if a pack may refer to it."""
    trigger = await triggers.get(caller, ref, referencing_pack_ref)
    return data(trigger_response(trigger))


@router.put("/triggers/{ref}", response_model=Data[TriggerResponse])
async def update_trigger(
    ref: RefPath, body: UpdateTriggerRequest, caller: Editor, triggers: Triggers
) -> Any:
    """Change what is given of a trigger."""
    trigger = await triggers.update(caller, ref, body.changes())
    return data(trigger_response(trigger), "Trigger updated")


@router.delete("/triggers/{ref}", response_model=Success)
async def delete_trigger(ref: RefPath, caller: Remover, triggers: Triggers) -> Any:
    """Remove a trigger; its events stay."""
    await triggers.delete(caller, ref)
    return success(f"Trigger '{ref}' deleted")


@router.post("/triggers/{ref}/enable", response_model=Data[TriggerResponse])
async def enable_trigger(ref: RefPath, caller: Editor, triggers: Triggers) -> Any:
    """Let a trigger's events reach its rules."""
    trigger = await triggers.set_enabled(caller, ref, enabled=True)
    return data(trigger_response(trigger), "Trigger enabled")


@router.post("/triggers/{ref}/disable", response_model=Data[TriggerResponse])
async def disable_trigger(ref: RefPath, caller: Editor, triggers: Triggers) -> Any:
    """Keep a trigger's events from its rules."""
    trigger = await triggers.set_enabled(caller, ref, enabled=False)
    return data(trigger_response(trigger), "Trigger disabled")


@router.get("/packs/{pack_ref}/triggers", response_model=Page[TriggerSummary])
async def list_triggers_by_pack(
    pack_ref: RefPath,
    caller: Reader,
    triggers: Triggers,
    paging: Paging,
    q: Search = None,
) -> Any:
    """List the triggers of a pack."""
    return page(await triggers.page_of_pack(caller, paging, pack_ref, q))
