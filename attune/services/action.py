"""Actions: made, looked at, changed, removed."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from attune.db.database import Database, Transaction
from attune.db.models.action import Action
from attune.db.models.workflow import WorkflowDefinition
from attune.db.repositories.action import (
    ActionFilter,
    executable_actions,
    visible_actions,
)
from attune.domain.errors import InvalidInput
from attune.domain.executable import ENGINE
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action as Act
from attune.domain.permission import Caller, Resource
from attune.domain.schema import check_schema
from attune.domain.version import parse_constraint
from attune.services.component import (
    check_ref,
    find_runtime,
    target_in_pack,
    tidy,
    visible_pack,
    write,
)
from attune.services.definitions import Definitions
from attune.services.delegation import require_delegable_sets
from attune.services.workflow.companion import (
    change_workflow,
    remove_workflow,
)

_UNRUNNABLE: Final = (
    f"runtime_ref: {ENGINE} runs no code; a workflow is made with"
    " POST /api/v1/workflows"
)
_UNCODED: Final = f"runtime_ref: a workflow is run by {ENGINE} and nothing else"


class ActionService:
    """The actions as callers may see and change them."""

    def __init__(self, database: Database, definitions: Definitions) -> None:
        self._database = database
        self._definitions = definitions

    async def page(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        q: str | None = None,
        pack_refs: Collection[str] | None = None,
        enabled: bool | None = None,
        referencing_pack_ref: str | None = None,
        executable: bool = False,
    ) -> PageResult[Action]:
        """Return one page of the actions that the caller sees, or may execute."""
        wanted = ActionFilter(
            q=q,
            pack_refs=pack_refs,
            enabled=enabled,
            referencing_pack_ref=referencing_pack_ref,
        )
        among = executable_actions if executable else visible_actions
        async with self._database.transaction() as tx:
            return await tx.actions.page(request, wanted, among=among(caller))

    async def page_of_pack(
        self, caller: Caller, request: PageRequest, pack_ref: str, q: str | None
    ) -> PageResult[Action]:
        """Return one page of a pack's actions."""
        wanted = ActionFilter(pack_ref=pack_ref, q=q)
        async with self._database.transaction() as tx:
            await visible_pack(tx, caller, pack_ref)
            among = visible_actions(caller)
            return await tx.actions.page(request, wanted, among=among)

    async def get(self, caller: Caller, ref: str) -> Action:
        """Return the action, or raise NotFound."""
        async with self._database.transaction() as tx:
            return await tx.actions.get_by_ref(ref, among=visible_actions(caller))

    async def create(self, caller: Caller, fields: Mapping[str, Any]) -> Action:
        """Make an action that loading its pack again leaves alone."""
        values = tidy(fields)
        async with self._database.transaction() as tx:
            pack = await visible_pack(tx, caller, values["pack_ref"])
            check_ref(values["ref"], pack.ref)
            target = await target_in_pack(tx, caller, pack.ref, ref=values["ref"])
            caller.require(Resource.ACTIONS, Act.CREATE, target)
            await _check(tx, caller, values)
            action = Action(is_adhoc=True, pack_id=pack.id)
            write(action, values)
            await tx.actions.add(action)
        self._definitions.forget()
        return action

    async def update(
        self, caller: Caller, ref: str, changes: Mapping[str, Any]
    ) -> Action:
        """Change the fields that are given; None takes a value away."""
        values = tidy(changes)
        async with self._database.transaction() as tx:
            action, workflow = await _lock(tx, caller, ref, Act.UPDATE)
            if workflow is not None:
                await change_workflow(tx, caller, workflow, values)
            await _check(tx, caller, values, is_workflow=workflow is not None)
            write(action, values)
            await tx.flush()
        self._definitions.forget()
        return action

    async def delete(self, caller: Caller, ref: str) -> None:
        """Remove the action, and the workflow that it runs if it does.

        Rules that name it stay and match nothing.
        """
        async with self._database.transaction() as tx:
            action, workflow = await _lock(tx, caller, ref, Act.DELETE)
            if workflow is not None:
                await remove_workflow(tx, workflow)
            else:
                await tx.actions.remove(action)
        self._definitions.forget()


async def _lock(
    tx: Transaction, caller: Caller, ref: str, act: Act
) -> tuple[Action, WorkflowDefinition | None]:
    """Return the action, and its workflow, for a change that the caller may make."""
    seen = await tx.actions.get_by_ref(ref, among=visible_actions(caller))
    target = await target_in_pack(tx, caller, seen.pack_ref, ref=seen.ref, id=seen.id)
    caller.require(Resource.ACTIONS, act, target)
    workflow = None
    if seen.workflow_def_id is not None:
        # The workflow first: two that change both must not wait for each other.
        workflow = await tx.workflow_definitions.lock(seen.workflow_def_id)
    return await tx.actions.lock(seen.id), workflow


async def _check(
    tx: Transaction,
    caller: Caller,
    values: dict[str, Any],
    *,
    is_workflow: bool = False,
) -> None:
    """Check what is given, and put ids and refs of the runtime side by side."""
    problems = [
        *_schema_problems(values),
        *_constraint_problems(values),
    ]
    if problems:
        raise InvalidInput("The action is not valid", problems=problems)
    # Whoever executes it lends its code their rights, as far as these sets say.
    await require_delegable_sets(
        tx, caller, values.get("default_execution_permission_set_refs")
    )
    runtime = await find_runtime(
        tx, caller, values.pop("runtime", None), values.get("runtime_ref")
    )
    if runtime is None:
        return
    if (runtime.ref == ENGINE) is not is_workflow:
        raise InvalidInput(_UNRUNNABLE if runtime.ref == ENGINE else _UNCODED)
    values["runtime_id"] = runtime.id
    values["runtime_ref"] = runtime.ref


def _schema_problems(values: Mapping[str, Any]) -> list[str]:
    return [
        problem
        for name in ("param_schema", "out_schema")
        for problem in check_schema(values.get(name) or {}, name)
    ]


def _constraint_problems(values: Mapping[str, Any]) -> list[str]:
    required = values.get("required_worker_runtimes") or {}
    constraints = {
        "runtime_version_constraint": values.get("runtime_version_constraint"),
        **{f"required_worker_runtimes.{name}": c for name, c in required.items()},
    }
    problems = []
    for place, constraint in constraints.items():
        try:
            parse_constraint(constraint or "")
        except InvalidInput as error:
            problems.append(f"{place}: {error.message}")
    return problems
