"""The two ways a pack writes workflows: beside an action, or in a file of their own."""

from pathlib import Path

from attune.domain.errors import InvalidInput
from attune.domain.executable import ENGINE
from attune.domain.json import Json
from attune.packs.component import ActionDocument, WorkflowDocument
from attune.packs.fields import Origin
from attune.packs.paths import safe_path


def find_graph(directory: Path, name: str) -> Path:
    """Return the file that an action's `workflow_file` names."""
    path = safe_path(name)
    for folder in (directory / "actions", directory):
        if path is not None and (folder / path).is_file():
            return folder / path
    raise InvalidInput(f"workflow_file: there is no file actions/{name[:200]}")


def complete(graph: dict[str, Json], action: ActionDocument) -> dict[str, Json]:
    """Return the graph with what its action says, where it says nothing itself."""
    schemas: dict[str, Json] = {}
    if "param_schema" not in graph and "parameters" not in graph:
        schemas["parameters"] = action.param_schema
    if not {"out_schema", "output_schema", "output"} & graph.keys():
        schemas["output"] = action.out_schema
    # The action of the same ref runs it: its own ref would name another.
    return {"label": action.label, **graph, **schemas, "ref": action.ref}


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
    if "enabled" in workflow.model_fields_set:
        document["enabled"] = workflow.enabled
    origin = Origin(pack_ref=pack_ref, stem=stem)
    return ActionDocument.model_validate(document, context=origin)
