"""Execute again what has ended: as it was, with changes, or from some of its tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from attune.clock import utc_now
from attune.db.database import Database, Transaction
from attune.db.models.execution import Execution
from attune.db.repositories.execution import visible_executions
from attune.domain.errors import Conflict, InvalidInput
from attune.domain.executable import ExecutableAction
from attune.domain.execution import is_terminal
from attune.domain.json import Json, JsonObject
from attune.domain.permission import Action, Caller, Resource
from attune.domain.workflow_definition import compile_workflow
from attune.domain.workflow_restart import restart
from attune.domain.workflow_state import TaskState, WorkflowState
from attune.security.encryption import Encryption
from attune.services.component import target_in_pack
from attune.services.execution.references import referring_names
from attune.services.execution.row import Origin, Terms, prepare_execution
from attune.services.execution.write import read_secrets, write_secrets


@dataclass(frozen=True, kw_only=True)
class RerunWish:
    """What is to be different from the first time."""

    parameters: Mapping[str, Json] = field(default_factory=dict)
    """In place of those of the same name."""
    from_tasks: Sequence[str] | None = None
    """Keep what the workflow's other tasks did; empty means from what failed."""


class RerunService:
    """Makes new executions of old ones; the old ones stay as they are."""

    def __init__(self, database: Database, encryption: Encryption) -> None:
        self._database = database
        self._encryption = encryption

    async def rerun(
        self, caller: Caller, execution_id: int, wish: RerunWish
    ) -> Execution:
        """Return the new execution; it runs the action as that is now.

        Raises Conflict for an execution that has not ended.
        """
        async with self._database.transaction() as tx:
            among = visible_executions(caller)
            old = await tx.executions.get(execution_id, among=among)
            action = await _executable(tx, caller, old)
            new = await self._copy(tx, caller, old, action, wish)
            if wish.from_tasks is not None:
                await _prepare_state(tx, old, new, wish.from_tasks)
        return new

    async def _copy(
        self,
        tx: Transaction,
        caller: Caller,
        old: Execution,
        action: ExecutableAction,
        wish: RerunWish,
    ) -> Execution:
        secrets = await read_secrets(tx, self._encryption, old.id)
        given = {**old.config, **secrets, **wish.parameters}
        references = [
            each
            for each in old.secret_references or ()
            if each["path"][0] not in wish.parameters
        ]
        prepared = prepare_execution(
            action,
            given,
            Origin(executor_id=caller.identity_id, trace_tag=old.trace_tag),
            _terms(old),
            now=utc_now(),
            referring=referring_names(references),
        )
        row = {
            **prepared.row,
            "original_execution_id": old.original_execution_id or old.id,
            "secret_references": references or None,
        }
        new = await tx.executions.insert_one(row)
        await write_secrets(tx, self._encryption, [(new.id, prepared)])
        return new


async def _executable(
    tx: Transaction, caller: Caller, old: Execution
) -> ExecutableAction:
    action = await tx.executions.executable(caller, old.action_ref)
    target = await target_in_pack(
        tx, caller, action.pack_ref, ref=action.ref, id=action.id
    )
    caller.require(Resource.ACTIONS, Action.EXECUTE, target)
    if not is_terminal(old.status):
        raise Conflict(f"Execution {old.id} has not ended yet", status=old.status)
    if not action.enabled:
        raise Conflict(f"Action {action.ref} is disabled")
    return action


def _terms(old: Execution) -> Terms:
    return Terms(
        env_vars=old.env_vars,
        permission_set_refs=old.permission_set_refs,
        timeout_seconds=old.timeout_seconds,
        worker_selector=old.worker_selector,
        worker_tolerations=old.worker_tolerations,
        worker_affinity=old.worker_affinity,
        artifact_retention_policy=old.artifact_retention_policy,
        artifact_retention_limit=old.artifact_retention_limit,
    )


async def _prepare_state(
    tx: Transaction, old: Execution, new: Execution, from_tasks: Sequence[str]
) -> None:
    """Write the state from which the new execution goes on."""
    row = await tx.workflow_states.state_of(old.id)
    pinned = await tx.workflow_runs.definition(new.id)
    if row is None or not pinned:
        raise InvalidInput(
            f"Execution {old.id} is no workflow that has begun: "
            "it can only be run again as a whole"
        )
    known = await tx.workflow_states.all_tasks(row.id)
    places = {name: facts.pop("items_of") for name, facts in known.items()}
    workflow = compile_workflow(pinned["definition"], new.pack_ref or "")
    state, event = restart(
        workflow,
        {name: TaskState(**facts) for name, facts in known.items()},
        WorkflowState.from_json(row.state.get("walk", {}), dict(row.variables)),
        from_tasks,
    )
    states = tx.workflow_states
    state_id = await states.prepare(new.id, pinned, state.variables, {})
    walk: JsonObject = {"walk": state.to_json(), "restart": list(event.tasks)}
    await states.save(state_id, walk, tasks=list(_rows(state, places)))


def _rows(state: WorkflowState, places: Mapping[str, int | None]) -> Any:
    for name, task in state.tasks.items():
        row = {key: getattr(task, key) for key in TaskState.__dataclass_fields__}
        yield {**row, "name": name, "items_of": places.get(name)}
