"""Whether a workflow holds together with the actions that it names."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from attune.db.database import Transaction
from attune.db.repositories.action import referable_actions, visible_actions
from attune.db.visibility import visible_packs
from attune.domain.errors import InvalidInput
from attune.domain.json import JsonObject
from attune.domain.keystore import key_uses
from attune.domain.permission import Action, Caller, Resource
from attune.domain.schema import check_schema
from attune.domain.workflow_check import (
    ActionFacts,
    Findings,
    action_refs,
    check_workflow,
)
from attune.services.component import check_may_refer, targets_in_packs
from attune.services.key_reference import reference_problems

_MOST_OFFERED: Final = 100
"""How many other actions of a pack are compared with a ref that is not known."""


@dataclass(frozen=True, kw_only=True)
class PackFiles:
    """What a workflow in the files of a pack may count on."""

    actions: Collection[str]
    """What the files define: anything else of the pack's may go away."""
    dependencies: Collection[str]
    """Packs that need not be there yet."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A workflow as somebody wants it to be."""

    ref: str | None
    """None while it has no name."""
    pack_ref: str
    definition: JsonObject
    param_schema: JsonObject
    out_schema: JsonObject
    files: PackFiles | None = None
    """What stands beside it, if it comes from the files of its pack."""


async def check_draft(tx: Transaction, caller: Caller, draft: Draft) -> Findings:
    """Return what is wrong with it; raises PermissionDenied for what it may not start.

    Whoever decides what a workflow starts must be allowed to start it.
    """
    named = action_refs(draft.definition, draft.pack_ref)
    found = await _found(tx, caller, draft, named)
    await _require_execution(tx, caller, found)
    facts = {
        action.ref: ActionFacts(param_schema=action.param_schema) for action in found
    }
    if draft.ref is not None:
        # It may run itself, and as it will be, not as it was.
        facts[draft.ref] = ActionFacts(param_schema=draft.param_schema)
    absent = await _absent(tx, caller, draft, named - facts.keys())
    offered = await _offered(tx, caller, named - facts.keys() - absent.keys())
    known = {**offered, **absent, **facts}
    # What a thousand tasks have wrong takes a second to tell; others go on meanwhile.
    checked = await asyncio.to_thread(
        check_workflow, draft.definition, draft.param_schema, known, draft.pack_ref
    )
    uses = key_uses(draft.definition)
    return Findings(
        problems=[
            *_schema_problems(draft),
            *checked.problems,
            *await reference_problems(tx, [caller], uses, draft.pack_ref, owns=True),
            *_reference_problems(found, draft.pack_ref),
        ],
        warnings=[*checked.warnings, *_switched_off(found), *_not_yet(absent)],
    )


def require_valid(findings: Findings) -> None:
    """Raise InvalidInput with every problem, if there is one."""
    if findings.problems:
        raise InvalidInput("The workflow is not valid", problems=findings.problems)


async def _require_execution(
    tx: Transaction, caller: Caller, actions: Sequence[Any]
) -> None:
    """Raise PermissionDenied unless the caller may execute all of the actions."""
    pack_refs = [action.pack_ref for action in actions]
    targets = await targets_in_packs(tx, caller, pack_refs)
    for action in actions:
        target = replace(targets[action.pack_ref], ref=action.ref, id=action.id)
        caller.require(Resource.ACTIONS, Action.EXECUTE, target)


async def _found(
    tx: Transaction, caller: Caller, draft: Draft, named: Collection[str]
) -> Sequence[Any]:
    """Return the actions that are there for it."""
    if draft.files is None:
        return await tx.actions.described(named, among=visible_actions(caller))
    among = referable_actions(caller, draft.pack_ref)
    return [
        action
        for action in await tx.actions.described(named, among=among)
        if action.pack_ref != draft.pack_ref or action.ref in draft.files.actions
    ]


async def _absent(
    tx: Transaction, caller: Caller, draft: Draft, unknown: Collection[str]
) -> dict[str, ActionFacts]:
    """Return the actions of packs that it depends on and that are not installed."""
    if draft.files is None or not unknown:
        return {}
    packs = {pack_of(ref) for ref in unknown} & set(draft.files.dependencies)
    installed = {
        pack.ref
        for pack in await tx.packs.find_by_refs(packs, among=visible_packs(caller))
    }
    return {ref: ActionFacts() for ref in unknown if pack_of(ref) in packs - installed}


def _reference_problems(actions: Iterable[Any], pack_ref: str) -> list[str]:
    """Return which actions do not let the pack refer to them."""
    problems = []
    for action in actions:
        try:
            check_may_refer("tasks", action, pack_ref)
        except InvalidInput as refused:
            problems.append(refused.message)
    return problems


def _switched_off(actions: Iterable[Any]) -> list[str]:
    """Return a warning for each action that is disabled just now."""
    return [f"tasks: {each.ref} is disabled" for each in actions if not each.enabled]


def _not_yet(absent: Iterable[str]) -> list[str]:
    return [
        f"tasks: there is no {ref} before the pack {pack_of(ref)} is installed"
        for ref in sorted(absent)
    ]


async def _offered(
    tx: Transaction, caller: Caller, unknown: frozenset[str]
) -> Mapping[str, ActionFacts]:
    """Return other actions of the packs, one of which may have been meant."""
    if not unknown:
        return {}
    packs = {pack_of(ref) for ref in unknown}
    among = visible_actions(caller)
    refs: Sequence[str] = await tx.actions.refs_of(packs, among, _MOST_OFFERED)
    return {ref: ActionFacts() for ref in refs}


def pack_of(ref: str) -> str:
    """Return the ref of the pack that a component's ref begins with."""
    return ref.partition(".")[0]


def _schema_problems(draft: Draft) -> list[str]:
    schemas = {"param_schema": draft.param_schema, "out_schema": draft.out_schema}
    return [
        problem
        for name, schema in schemas.items()
        for problem in check_schema(schema, name)
    ]
