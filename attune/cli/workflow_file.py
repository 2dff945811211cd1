"""From the file of a workflow, as packs have it, to what the API is sent."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attune.cli.document import JsonObject, named, parse_json, read_text
from attune.cli.errors import usage_error
from attune.domain.errors import InvalidInput
from attune.packs.component import WorkflowDocument
from attune.packs.document import parse_document
from attune.packs.fields import Origin
from attune.packs.problems import Problems
from attune.packs.workflow_file import graph_of

_CLEARED: Final[JsonObject] = {"op": "clear"}


@dataclass(frozen=True)
class WorkflowFile:
    """A workflow as its file has it."""

    document: WorkflowDocument

    @property
    def ref(self) -> str:
        """What it is called."""
        return self.document.ref

    def draft(self) -> JsonObject:
        """Return what is to be checked."""
        document = self.document
        return {
            "ref": document.ref,
            "pack_ref": document.ref.partition(".")[0],
            "definition": graph_of(document),
            "param_schema": document.param_schema,
            "out_schema": document.out_schema,
        }

    def body(self) -> JsonObject:
        """Return all of it; whether it is enabled only if the file says so."""
        document = self.document
        body = self.draft() | {
            "label": document.label,
            "version": document.version,
            "description": document.description,
            "tags": document.tags,
            "timeout_seconds": document.timeout_seconds,
            "default_execution_permission_set_refs": (
                document.default_execution_permission_set_refs
            ),
            "reference_visibility": document.reference_visibility.value,
            "reference_allowed_pack_refs": document.reference_allowed_pack_refs,
        }
        if "enabled" in document.model_fields_set:
            body["enabled"] = document.enabled
        return body

    def changes(self) -> JsonObject:
        """Return all of it as a change: what the file does not say is taken away."""
        return {
            name: _CLEARED if value is None else value
            for name, value in self.body().items()
        }


def read_workflow(source: str, pack: str | None) -> WorkflowFile:
    """Read the file; every problem of its form is told at once."""
    document = _flat(_parsed(source))
    origin = Origin(pack_ref=_pack_of(document, source, pack), stem=_stem(source))
    problems = Problems()
    with problems.collecting(named(source)):
        workflow = WorkflowDocument.model_validate(document, context=origin)
        if workflow.ref.partition(".")[0] != origin.pack_ref:
            problems.add(named(source), f"ref: must begin with '{origin.pack_ref}.'")
        elif not problems.errors:
            return WorkflowFile(workflow)
    raise usage_error(f"{named(source)} is no workflow", *problems.errors)


def _parsed(source: str) -> JsonObject:
    text = read_text(source)
    is_json = source.endswith(".json") or text.lstrip().startswith("{")
    try:
        document = parse_json(text, named(source)) if is_json else parse_document(text)
    except InvalidInput as wrong:
        raise usage_error(f"{named(source)}: {wrong.message}") from wrong
    if not isinstance(document, dict):
        raise usage_error(f"{named(source)} must hold an object")
    return document


def _flat(document: JsonObject) -> JsonObject:
    """Return a document of the API in the shape that files have."""
    definition = document.get("definition")
    if "tasks" in document or not isinstance(definition, dict):
        return document
    outer = {name: value for name, value in document.items() if name != "definition"}
    return {**definition, **outer}


def _pack_of(document: JsonObject, source: str, pack: str | None) -> str:
    ref = document.get("ref")
    own = ref.partition(".")[0] if isinstance(ref, str) and "." in ref else None
    found = pack or own or document.get("pack_ref")
    if not isinstance(found, str):
        raise usage_error(
            f"{named(source)} does not say which pack it is for: name one with --pack"
        )
    return found


def _stem(source: str) -> str:
    return "workflow" if source == "-" else Path(source).name.partition(".")[0]
