"""The workflows in the files of an installed pack, read again."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from attune.db.database import Database, Transaction
from attune.db.models.action import Action as ActionRow
from attune.db.models.pack import Pack
from attune.domain.errors import NotFound
from attune.domain.permission import Action, Caller, Resource
from attune.domain.workflow_check import Findings
from attune.packs.definition import Components
from attune.packs.loader import Inspection, inspect_pack
from attune.packs.store import PackStore
from attune.services.component import target_in_pack, visible_pack
from attune.services.definitions import Definitions
from attune.services.pack import columns
from attune.services.pack.workflows import files_of, findings_of, put_workflows
from attune.services.pack.writing import Rows
from attune.services.workflow.checking import Draft, check_draft


@dataclass(frozen=True, kw_only=True)
class SyncedWorkflow:
    """A workflow that is now as its file has it."""

    ref_name: str
    created: bool
    workflow_def_id: int
    warnings: list[str]


@dataclass(frozen=True, kw_only=True)
class SyncedWorkflows:
    """What became of a pack's workflows."""

    pack_ref: str
    loaded_count: int = 0
    workflows: list[SyncedWorkflow] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def registered_count(self) -> int:
        """How many are as their files have them."""
        return len(self.workflows)


@dataclass(frozen=True, kw_only=True)
class ValidatedWorkflows:
    """What is wrong with a pack's workflows, by ref or by the file that has none."""

    pack_ref: str
    validated_count: int
    errors: Mapping[str, list[str]]

    @property
    def error_count(self) -> int:
        """How many of them have something wrong."""
        return len(self.errors)


@dataclass(frozen=True, kw_only=True)
class _Checked:
    """The workflows in a pack's files, with what was found, and other broken files."""

    components: Components = field(default_factory=Components)
    findings: Mapping[str, Findings] = field(default_factory=dict)
    """By the refs of the workflows."""
    unread: Mapping[str, list[str]] = field(default_factory=dict)
    """What is wrong with files of which no workflow could be made."""

    def problems(self) -> dict[str, list[str]]:
        """Return what is wrong, by ref or by the file that has none."""
        found = {ref: each.problems for ref, each in self.findings.items()}
        return {**self.unread, **{ref: each for ref, each in found.items() if each}}


class PackWorkflowService:
    """Checks and restores what the files of a pack say of its workflows."""

    def __init__(
        self, database: Database, store: PackStore, definitions: Definitions
    ) -> None:
        self._database = database
        self._store = store
        self._definitions = definitions

    async def sync(self, caller: Caller, pack_ref: str) -> SyncedWorkflows:
        """Write the workflows anew that differ from their files, or are gone."""
        async with self._database.transaction() as tx:
            seen = await visible_pack(tx, caller, pack_ref)
            target = await target_in_pack(tx, caller, seen.ref)
            for act in (Action.CREATE, Action.UPDATE):
                caller.require(Resource.ACTIONS, act, target)
            # An installation waits meanwhile, and the files stay what they are.
            pack = await tx.packs.lock(seen.id)
            checked = await self._checked(tx, caller, pack)
            written = await _write(tx, caller, pack, checked)
        self._definitions.forget()
        return SyncedWorkflows(
            pack_ref=pack.ref,
            loaded_count=len(checked.findings),
            workflows=written,
            errors=[
                f"{name}: {problem}"
                for name, problems in checked.problems().items()
                for problem in problems
            ],
        )

    async def validate(self, caller: Caller, pack_ref: str) -> ValidatedWorkflows:
        """Check the workflows of the files, and those that were made through the API."""
        async with self._database.transaction() as tx:
            pack = await visible_pack(tx, caller, pack_ref)
            checked = await self._checked(tx, caller, pack)
            made = await _check_made(tx, caller, pack)
        return ValidatedWorkflows(
            pack_ref=pack.ref,
            validated_count=len(checked.findings) + len(checked.unread) + len(made),
            errors={
                **checked.problems(),
                **{ref: each.problems for ref, each in made.items() if each.problems},
            },
        )

    async def _checked(self, tx: Transaction, caller: Caller, pack: Pack) -> _Checked:
        if pack.content_hash is None:
            return _Checked()
        directory = self._store.content(pack.ref, pack.content_hash)
        if not directory.is_dir():
            raise NotFound(entity="files of pack", ref=pack.ref)
        inspected = await asyncio.to_thread(inspect_pack, directory)
        files = files_of(inspected.components, pack.dependencies)
        findings = {
            each.document.ref: _with_problems_of(
                inspected,
                each.source,
                await findings_of(tx, caller, each.document, files),
            )
            for each in inspected.components.workflows
        }
        return _Checked(
            components=inspected.components,
            findings=findings,
            unread=_unread(inspected),
        )


async def _write(
    tx: Transaction, caller: Caller, pack: Pack, checked: _Checked
) -> list[SyncedWorkflow]:
    """Write what holds together, each with its action; tells what there was to do."""
    refs = {ref for ref, each in checked.findings.items() if not each.problems}
    components = replace(
        checked.components,
        workflows=[w for w in checked.components.workflows if w.document.ref in refs],
        actions=[a for a in checked.components.actions if a.document.ref in refs],
    )
    known = {row.ref for row in await tx.workflow_definitions.find_by_pack(pack.id)}
    rows = Rows(tx, pack)
    ids = await put_workflows(rows, components, caller.identity_id)
    wanted = {
        each.document.ref: columns.action_columns(
            each.document, {}, ids[each.document.ref]
        )
        for each in components.actions
        if each.document.ref in ids
    }
    await rows.put(tx.actions, ActionRow, wanted)
    return [
        SyncedWorkflow(
            ref_name=ref,
            created=ref not in known,
            workflow_def_id=workflow_id,
            warnings=checked.findings[ref].warnings,
        )
        for ref, workflow_id in ids.items()
    ]


async def _check_made(
    tx: Transaction, caller: Caller, pack: Pack
) -> dict[str, Findings]:
    """Return what is wrong with the pack's workflows that came through the API."""
    return {
        row.ref: await check_draft(
            tx,
            caller,
            Draft(
                ref=row.ref,
                pack_ref=pack.ref,
                definition=row.definition,
                param_schema=row.param_schema,
                out_schema=row.out_schema,
            ),
        )
        for row in await tx.workflow_definitions.find_by_pack(pack.id)
        if row.is_adhoc
    }


def _with_problems_of(
    inspected: Inspection, source: str, findings: Findings
) -> Findings:
    """Add what reading the file has found already."""
    both = [*_problems_of(inspected, source), *findings.problems]
    return replace(findings, problems=list(dict.fromkeys(both)))


def _problems_of(inspected: Inspection, source: str) -> list[str]:
    start = f"{source}: "
    return [
        problem.removeprefix(start)
        for problem in inspected.problems.errors
        if problem.startswith(start)
    ]


def _unread(inspected: Inspection) -> dict[str, list[str]]:
    """Return the problems of files that look like workflows and became none."""
    read = {each.source for each in inspected.components.workflows}
    sources = {problem.partition(": ")[0] for problem in inspected.problems.errors}
    return {
        source: _problems_of(inspected, source)
        for source in sorted(sources - read)
        if source.startswith("workflows/") or ".workflow." in source
    }
