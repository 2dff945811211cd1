"""Whether the workflows of a pack hold together, as far as its own files go."""

from collections.abc import Mapping
from typing import Final

from attune.domain.executable import ENGINE
from attune.domain.workflow_check import ActionFacts, action_refs, check_workflow
from attune.packs.component import ActionDocument, WorkflowDocument
from attune.packs.definition import Components, Sourced
from attune.packs.problems import Problems
from attune.packs.workflow_file import graph_of

_BUILT_IN: Final = frozenset({"core.ask"})
"""Actions that the engine knows how to run, and that are no workflows."""


def check_workflows(problems: Problems, pack_ref: str, components: Components) -> None:
    """Check each workflow; what other packs have is known only at the installation."""
    own = {
        each.document.ref: ActionFacts(param_schema=each.document.param_schema)
        for each in components.actions
    }
    for workflow in components.workflows:
        _check(problems, workflow, own, pack_ref)
    runnable = {each.document.ref for each in components.workflows} | _BUILT_IN
    for action in components.actions:
        if action.document.ref not in runnable:
            _check_runs_code(problems, action)


def _check(
    problems: Problems,
    workflow: Sourced[WorkflowDocument],
    own: Mapping[str, ActionFacts],
    pack_ref: str,
) -> None:
    graph = graph_of(workflow.document)
    foreign = {
        ref: ActionFacts()
        for ref in action_refs(graph, pack_ref)
        if ref.partition(".")[0] != pack_ref
    }
    found = check_workflow(
        graph, workflow.document.param_schema, {**foreign, **own}, pack_ref
    )
    for problem in found.problems:
        problems.add(workflow.source, problem)
    problems.warnings += [f"{workflow.source}: {each}" for each in found.warnings]


def _check_runs_code(problems: Problems, action: Sourced[ActionDocument]) -> None:
    document = action.document
    if document.runtime == ENGINE and document.workflow_file is None:
        problems.add(
            action.source, f"runner_type: {ENGINE} needs a workflow_file to run"
        )
