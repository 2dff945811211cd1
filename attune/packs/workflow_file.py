"""The two ways a pack writes workflows: beside an action, or in a file of their own."""

from pathlib import Path
from typing import Final

from attune.domain.errors import InvalidInput
from attune.domain.executable import ENGINE
from attune.domain.json import Json, JsonObject
from attune.packs.component import ActionDocument, WorkflowDocument
from attune.packs.fields import Origin
from attune.packs.paths import safe_path

GRAPH: Final = ("version", "tasks", "vars", "output_map", "cancellation_policy")
"""The keys of a file that make the definition; the rest is about it."""

_OF_ACTION: Final = frozenset(
    {
        "enabled",
        "timeout_seconds",
        "default_execution_permission_set_refs",
        "reference_visibility",
        "reference_allowed_pack_refs",
    }
)


def find_graph(directory: Path, name: str) -> Path:
    """Return the file that an action's `workflow_file` names."""
    path = safe_path(name)
    for folder in (directory / "actions", directory):
        if path is not None and (folder / path).is_file():
            return folder / path
    raise InvalidInput(f"workflow_file: there is no file actions/{name[:200]}")


def complete(graph: dict[str, Json], action: ActionDocument) -> dict[str, Json]:
    """Return the graph with the schemas of its action, and what else it lacks."""
    whole: dict[str, Json] = {
        "label": action.label,
        "description": action.description,
        "tags": list(action.tags),
        **graph,
        # The action of the same ref runs it: its own ref would name another.
        "ref": action.ref,
    }
    for spellings, schema in (
        (("parameters", "param_schema"), action.param_schema),
        (("output", "output_schema", "out_schema"), action.out_schema),
    ):
        if schema:
            for spelling in spellings:
                whole.pop(spelling, None)
            whole[spellings[0]] = schema
    return whole


def completed(action: ActionDocument, workflow: WorkflowDocument) -> ActionDocument:
    """Return the action with what only the file of its graph says."""
    return action.model_copy(
        update={
            "description": action.description or workflow.description,
            "param_schema": workflow.param_schema,
            "out_schema": workflow.out_schema,
            "tags": action.tags or workflow.tags,
            "timeout_seconds": action.timeout_seconds or workflow.timeout_seconds,
        }
    )


def graph_of(workflow: WorkflowDocument) -> JsonObject:
    """Return the definition as it was written, without what was left out."""
    given = {name: getattr(workflow, name) for name in GRAPH}
    return {name: value for name, value in given.items() if value is not None}


def action_of(workflow: WorkflowDocument) -> ActionDocument:
    """Return the action that runs a workflow which stands alone."""
    pack_ref, _, stem = workflow.ref.partition(".")
    document: dict[str, object] = {
        "ref": workflow.ref,
        "label": workflow.label,
        "description": workflow.description,
        "runtime": ENGINE,
        "param_schema": workflow.param_schema,
        "out_schema": workflow.out_schema,
        "tags": workflow.tags,
    }
    for name in _OF_ACTION & workflow.model_fields_set:
        document[name] = getattr(workflow, name)
    origin = Origin(pack_ref=pack_ref, stem=stem)
    return ActionDocument.model_validate(document, context=origin)
