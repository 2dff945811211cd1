"""The workflows in a pack's files: checked with what is installed, and written."""

import re
from collections.abc import Collection

from attune.db.database import Transaction
from attune.db.models.workflow import WorkflowDefinition
from attune.domain.permission import Caller
from attune.domain.workflow_check import Findings
from attune.packs.component import WorkflowDocument
from attune.packs.definition import Components, PackDefinition
from attune.packs.problems import Problems
from attune.packs.workflow_file import graph_of
from attune.services.pack import columns
from attune.services.pack.writing import Rows
from attune.services.workflow.checking import Draft, PackFiles, check_draft, pack_of

_NAME = re.compile(r"[a-z][a-z0-9_-]+")
"""The pack that a dependency begins with; a version may follow."""


async def check_workflows(
    tx: Transaction, caller: Caller, definition: PackDefinition, problems: Problems
) -> list[str]:
    """Note what is wrong with the workflows, and return what merely looks wrong.

    The pack's own actions have been written.
    """
    files = files_of(definition.components, definition.manifest.dependencies)
    warnings: list[str] = []
    for each in definition.components.workflows:
        found = await findings_of(tx, caller, each.document, files)
        for problem in found.problems:
            problems.add(each.source, problem)
        warnings += [f"{each.source}: {warning}" for warning in found.warnings]
    return [each for each in warnings if each not in definition.warnings]


async def findings_of(
    tx: Transaction, caller: Caller, workflow: WorkflowDocument, files: PackFiles
) -> Findings:
    """Return what is wrong with one workflow, its own schemas aside."""
    draft = Draft(
        ref=workflow.ref,
        pack_ref=pack_of(workflow.ref),
        definition=graph_of(workflow),
        param_schema=workflow.param_schema,
        out_schema=workflow.out_schema,
        files=files,
    )
    return await check_draft(tx, caller, draft)


def files_of(components: Components, dependencies: Collection[str]) -> PackFiles:
    """Return what a workflow may count on."""
    named = [_NAME.match(each) for each in dependencies]
    return PackFiles(
        actions=frozenset(each.document.ref for each in components.actions),
        dependencies=frozenset(each[0] for each in named if each),
    )


async def put_workflows(
    rows: Rows, components: Components, author_id: int | None
) -> dict[str, int]:
    """Write the workflows and return their ids by ref.

    Where an action of the same ref was made through the API, that one stays alone.
    """
    found = await rows.tx.actions.find_by_pack(rows.pack.id)
    taken = {row.ref for row in found if row.is_adhoc}
    wanted = {
        each.document.ref: columns.workflow_columns(each.document, author_id)
        for each in components.workflows
        if each.document.ref not in taken
    }
    written = await rows.put(rows.tx.workflow_definitions, WorkflowDefinition, wanted)
    return {ref: row.id for ref, row in written.items()}
