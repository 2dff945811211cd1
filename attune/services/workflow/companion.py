"""A workflow and the action of the same ref that runs it: never one without the other.

Whoever changes both locks the workflow first.
"""

from collections.abc import Mapping
from typing import Any, Final

from attune.db.database import Transaction
from attune.db.models.action import Action
from attune.db.models.workflow import WorkflowDefinition
from attune.domain.executable import ENGINE
from attune.domain.permission import Caller
from attune.domain.workflow_check import Findings
from attune.services.component import write
from attune.services.delegation import require_delegable_sets
from attune.services.workflow.checking import Draft, check_draft, require_valid

SHARED: Final = frozenset(
    {"label", "description", "param_schema", "out_schema", "tags"}
)
"""What a workflow and its action say alike."""

_OF_WORKFLOW: Final = SHARED | {"version", "definition"}
_OF_ACTION: Final = SHARED | {
    "enabled",
    "timeout_seconds",
    "default_execution_permission_set_refs",
    "reference_visibility",
    "reference_allowed_pack_refs",
}
_DECISIVE: Final = ("definition", "param_schema", "out_schema")
"""What decides whether it holds together."""


async def make_workflow(
    tx: Transaction,
    caller: Caller,
    workflow: WorkflowDefinition,
    values: Mapping[str, Any],
) -> Findings:
    """Write a new workflow with its action; raises InvalidInput with every problem."""
    findings = await _check(tx, caller, workflow, values)
    await _check_sets(tx, caller, values)
    write(workflow, _only(_OF_WORKFLOW, values))
    workflow.author_id = caller.identity_id
    await tx.workflow_definitions.add(workflow)
    await _write_action(tx, workflow, values)
    return findings


async def change_workflow(
    tx: Transaction,
    caller: Caller,
    workflow: WorkflowDefinition,
    values: Mapping[str, Any],
) -> Findings:
    """Change a locked workflow and its action alike; raises InvalidInput as above."""
    findings = Findings()
    if values.keys() & set(_DECISIVE):
        findings = await _check(tx, caller, workflow, values)
        workflow.author_id = caller.identity_id
    await _check_sets(tx, caller, values)
    write(workflow, _only(_OF_WORKFLOW, values))
    await _write_action(tx, workflow, values)
    return findings


async def remove_workflow(tx: Transaction, workflow: WorkflowDefinition) -> None:
    """Remove a locked workflow with every action that runs it."""
    for action in await tx.actions.find_by_workflow(workflow.id):
        await tx.actions.remove(action)
    await tx.workflow_definitions.remove(workflow)


async def _check(
    tx: Transaction,
    caller: Caller,
    workflow: WorkflowDefinition,
    values: Mapping[str, Any],
) -> Findings:
    after = {name: values.get(name, getattr(workflow, name)) for name in _DECISIVE}
    draft = Draft(
        ref=workflow.ref,
        pack_ref=workflow.pack_ref,
        definition=after["definition"],
        param_schema=after["param_schema"] or {},
        out_schema=after["out_schema"] or {},
    )
    findings = await check_draft(tx, caller, draft)
    require_valid(findings)
    return findings


async def _check_sets(
    tx: Transaction, caller: Caller, values: Mapping[str, Any]
) -> None:
    """Refuse sets that the caller may not hand on to those who execute it."""
    named = values.get("default_execution_permission_set_refs")
    await require_delegable_sets(tx, caller, named)


async def _write_action(
    tx: Transaction, workflow: WorkflowDefinition, values: Mapping[str, Any]
) -> None:
    action = await tx.actions.find_by_ref(workflow.ref)
    if action is None:
        action = Action(
            ref=workflow.ref,
            pack_id=workflow.pack_id,
            is_adhoc=workflow.is_adhoc,
            runtime_ref=ENGINE,
        )
    action.workflow_def_id = workflow.id
    write(action, _only(_OF_ACTION, values))
    await tx.actions.add(action)


def _only(names: frozenset[str], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names}
