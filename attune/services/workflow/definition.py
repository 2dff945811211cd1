"""Workflows: made, looked at, changed, removed, each together with its action."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from attune.db.database import Database, Transaction
from attune.db.models.action import Action as ActionRow
from attune.db.models.pack import Pack
from attune.db.models.workflow import WorkflowDefinition
from attune.db.repositories.workflow import WorkflowFilter, visible_workflows
from attune.domain.errors import Conflict, InvalidInput
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource
from attune.domain.workflow_check import Findings
from attune.services.component import check_ref, target_in_pack, tidy, visible_pack
from attune.services.definitions import Definitions
from attune.services.workflow.checking import Draft, check_draft
from attune.services.workflow.companion import (
    change_workflow,
    make_workflow,
    remove_workflow,
)


@dataclass(frozen=True, kw_only=True)
class WorkflowView:
    """A workflow, and what is perhaps not as it was meant."""

    workflow: WorkflowDefinition
    warnings: list[str] = field(default_factory=list)


class WorkflowService:
    """The workflows as callers may see and change them."""

    def __init__(self, database: Database, definitions: Definitions) -> None:
        self._database = database
        self._definitions = definitions

    async def page(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        q: str | None = None,
        pack_ref: str | None = None,
        tags: Collection[str] | None = None,
    ) -> PageResult[WorkflowDefinition]:
        """Return one page of the workflows that the caller sees."""
        wanted = WorkflowFilter(q=q, pack_ref=pack_ref, tags=tags)
        among = visible_workflows(caller)
        async with self._database.transaction() as tx:
            return await tx.workflow_definitions.page(request, wanted, among=among)

    async def page_of_pack(
        self, caller: Caller, request: PageRequest, pack_ref: str
    ) -> PageResult[WorkflowDefinition]:
        """Return one page of a pack's workflows."""
        async with self._database.transaction() as tx:
            await visible_pack(tx, caller, pack_ref)
        return await self.page(caller, request, pack_ref=pack_ref)

    async def get(self, caller: Caller, ref: str) -> WorkflowView:
        """Return the workflow, or raise NotFound."""
        among = visible_workflows(caller)
        async with self._database.transaction() as tx:
            found = await tx.workflow_definitions.get_by_ref(ref, among=among)
        return WorkflowView(workflow=found)

    async def create(self, caller: Caller, fields: Mapping[str, Any]) -> WorkflowView:
        """Make a workflow and its action, which loading the pack again leaves alone."""
        values = tidy(fields)
        async with self._database.transaction() as tx:
            pack = await visible_pack(tx, caller, values["pack_ref"])
            await _admit(tx, caller, pack, values["ref"])
            view = await _made(tx, caller, pack, values)
        self._definitions.forget()
        return view

    async def create_named(
        self, caller: Caller, pack_ref: str, fields: Mapping[str, Any]
    ) -> WorkflowView:
        """Make a workflow that says its name and its pack instead of its ref."""
        values = dict(fields)
        if values["pack_ref"] != pack_ref:
            raise InvalidInput(f"pack_ref: must be '{pack_ref}', as in the path")
        values["ref"] = f"{pack_ref}.{values.pop('name')}"
        return await self.create(caller, values)

    async def update(
        self, caller: Caller, ref: str, changes: Mapping[str, Any]
    ) -> WorkflowView:
        """Change the fields that are given, of the workflow and of its action."""
        values = tidy(changes)
        async with self._database.transaction() as tx:
            workflow = await _lock(tx, caller, ref, Action.UPDATE)
            findings = await change_workflow(tx, caller, workflow, values)
        self._definitions.forget()
        return WorkflowView(workflow=workflow, warnings=findings.warnings)

    async def save(
        self, caller: Caller, ref: str, fields: Mapping[str, Any]
    ) -> WorkflowView:
        """Change a workflow that is named in the body once more, and is no other."""
        values = dict(fields)
        pack_ref, _, name = ref.partition(".")
        for part, given in (("pack_ref", pack_ref), ("name", name)):
            if values.pop(part) != given:
                raise InvalidInput(f"{part}: must be '{given}', as in the path")
        return await self.update(caller, ref, values)

    async def delete(self, caller: Caller, ref: str) -> None:
        """Remove the workflow and its action; what runs of it goes on."""
        async with self._database.transaction() as tx:
            workflow = await _lock(tx, caller, ref, Action.DELETE)
            await remove_workflow(tx, workflow)
        self._definitions.forget()

    async def validate(self, caller: Caller, draft: Draft) -> Findings:
        """Return what is wrong with a workflow that is not stored."""
        async with self._database.transaction() as tx:
            await visible_pack(tx, caller, draft.pack_ref)
            return await check_draft(tx, caller, draft)


async def _admit(tx: Transaction, caller: Caller, pack: Pack, ref: str) -> None:
    """Raise unless the caller may make a workflow of this name in the pack."""
    check_ref(ref, pack.ref)
    target = await target_in_pack(tx, caller, pack.ref, ref=ref)
    caller.require(Resource.ACTIONS, Action.CREATE, target)
    for known in (tx.workflow_definitions, tx.actions):
        if await known.find_by_refs([ref]):
            raise Conflict(f"There is an action or a workflow {ref} already")


async def _made(
    tx: Transaction, caller: Caller, pack: Pack, values: Mapping[str, Any]
) -> WorkflowView:
    workflow = WorkflowDefinition(
        ref=values["ref"], is_adhoc=True, pack_id=pack.id, pack_ref=pack.ref
    )
    findings = await make_workflow(tx, caller, workflow, values)
    return WorkflowView(workflow=workflow, warnings=findings.warnings)


async def _lock(
    tx: Transaction, caller: Caller, ref: str, act: Action
) -> WorkflowDefinition:
    """Return the workflow for a change that the caller may make."""
    seen = await tx.workflow_definitions.get_by_ref(
        ref, among=visible_workflows(caller)
    )
    action: ActionRow | None = await tx.actions.find_by_ref(ref)
    target = await target_in_pack(
        tx, caller, seen.pack_ref, ref=ref, id=None if action is None else action.id
    )
    caller.require(Resource.ACTIONS, act, target)
    return await tx.workflow_definitions.lock(seen.id)
