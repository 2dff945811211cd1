"""Does a workflow hold together, before it ever runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from attune.domain.json import JsonObject, format_place
from attune.domain.schema import apply_defaults, missing_required, to_json_schema
from attune.domain.schema_template import validate_templates
from attune.domain.workflow_confluence import find_confluences
from attune.domain.workflow_definition import Reading, read_workflow
from attune.domain.workflow_field import Fields, did_you_mean
from attune.domain.workflow_graph import check_reachable
from attune.domain.workflow_names import NameCheck
from attune.domain.workflow_task import Task


@dataclass(frozen=True, kw_only=True)
class ActionFacts:
    """What a check has to know of an action."""

    param_schema: JsonObject = field(default_factory=dict)
    exists: bool = True


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Everything that is wrong with a definition, each with its place."""

    problems: list[str] = field(default_factory=list)
    """Why it cannot be run."""
    warnings: list[str] = field(default_factory=list)
    """What runs, but is perhaps not what was meant."""


def check_workflow(
    definition: JsonObject,
    param_schema: JsonObject,
    actions: Mapping[str, ActionFacts] | None,
    pack_ref: str,
) -> Findings:
    """Check a definition; without `actions` what they would take is taken on trust.

    More actions than it names may be given: they are offered where a ref is not known.
    """
    reading = read_workflow(definition, pack_ref)
    found = Findings(problems=[*reading.problems], warnings=[*reading.warnings])
    check_reachable(Fields(found.problems), reading.draft, reading.graph)
    names = NameCheck(reading.workflow, param_schema)
    names.check()
    found.problems.extend(names.problems)
    found.warnings.extend(names.warnings)
    if actions is not None:
        _check_actions(reading, param_schema, actions, found)
    found.warnings.extend(find_confluences(reading.graph))
    return found


def action_refs(definition: JsonObject, pack_ref: str) -> frozenset[str]:
    """Return the refs of all actions it names, as far as it can be read."""
    tasks = read_workflow(definition, pack_ref).workflow.tasks.values()
    return frozenset(task.action_ref for task in tasks if task.action_ref)


def _check_actions(
    reading: Reading,
    param_schema: JsonObject,
    actions: Mapping[str, ActionFacts],
    found: Findings,
) -> None:
    known = {ref: facts for ref, facts in actions.items() if facts.exists}
    for task in reading.workflow.tasks.values():
        if task.action_ref is None:
            continue
        facts = known.get(task.action_ref)
        if facts is None:
            place = format_place((*task.place, "action"))
            hint = did_you_mean(task.action_ref, known)
            problem = f"{place}: there is no action '{task.action_ref}'{hint}"
            found.problems.append(problem)
        elif task.input is None:
            found.warnings.extend(_inherited(task, facts, param_schema))
        else:
            _check_input(task, facts, found)


def _check_input(task: Task, facts: ActionFacts, found: Findings) -> None:
    given = task.input.source if task.input else None
    if not isinstance(given, dict):
        return
    place = format_place((*task.place, "input"))
    values = apply_defaults(facts.param_schema, given)
    found.problems.extend(validate_templates(facts.param_schema, values, place))
    known = parameter_names(facts.param_schema)
    for name in given:
        hint = did_you_mean(name, known)
        if known and name not in known and hint:
            found.warnings.append(f"{place}: '{name}' is not a parameter{hint}")


def _inherited(
    task: Task, facts: ActionFacts, param_schema: JsonObject
) -> Iterator[str]:
    values: JsonObject = dict.fromkeys(parameter_names(param_schema), "")
    missing = missing_required(
        facts.param_schema, apply_defaults(facts.param_schema, values)
    )
    for name in missing:
        yield (
            f"{format_place(task.place)}: has no input, and the workflow has no"
            f" parameter '{name}', which {task.action_ref} needs"
        )


def parameter_names(schema: JsonObject) -> list[str]:
    """Return the names of the parameters that a schema defines."""
    properties = to_json_schema(schema).get("properties")
    return list(properties) if isinstance(properties, dict) else []
