"""What must hold beyond the shape of each document: schemas, files, names, rules."""

from collections.abc import Iterable
from pathlib import Path

from attune.domain.executable import ENGINE
from attune.domain.json import JsonObject
from attune.domain.ref import Ref
from attune.domain.rule import RuleText, check_rule
from attune.domain.schema import check_schema
from attune.packs.component import ActionDocument, RuleDocument, TriggerDocument
from attune.packs.definition import Components, Sourced
from attune.packs.manifest import ComponentDocument, PackManifest
from attune.packs.paths import MAX_PATH_BYTES, safe_path
from attune.packs.policy import policy_problems
from attune.packs.problems import Problems


def check_manifest(problems: Problems, source: str, manifest: PackManifest) -> None:
    """Check the pack's configuration against its own schema."""
    wrong = check_schema(manifest.conf_schema, "conf_schema")
    for problem in wrong:
        problems.add(source, problem)
    for parent in manifest.dependencies:
        if parent == manifest.ref:
            problems.add(source, "dependencies: a pack does not depend on itself")


def check_components(
    problems: Problems, directory: Path, pack_ref: str, components: Components
) -> None:
    """Check every component by itself and all of them together."""
    for kind, found in components.by_kind().items():
        _check_names(problems, kind, found, pack_ref)
    for trigger in components.triggers:
        _check_schemas(problems, trigger, trigger.document.param_schema, "parameters")
        _check_schemas(problems, trigger, trigger.document.out_schema, "output")
    for action in components.actions:
        _check_schemas(problems, action, action.document.param_schema, "parameters")
        _check_schemas(problems, action, action.document.out_schema, "output")
        _check_code(problems, directory, action)
    for sensor in components.sensors:
        _check_schemas(problems, sensor, sensor.document.param_schema, "parameters")
        if not _is_file(directory, "sensors", sensor.document.entrypoint):
            name = sensor.document.entrypoint[:200]
            problems.add(sensor.source, f"entry_point: there is no file sensors/{name}")
    for rule in components.rules:
        _check_rule(problems, rule, components)
    _check_policies(problems, components, pack_ref)


def _check_policies(problems: Problems, components: Components, pack_ref: str) -> None:
    for policy in components.policies:
        for problem in policy_problems(policy.document, pack_ref):
            problems.add(policy.source, problem)


def _check_names(
    problems: Problems,
    kind: str,
    found: Iterable[Sourced[ComponentDocument]],
    pack_ref: str,
) -> None:
    seen: dict[str, str] = {}
    for each in found:
        ref = each.document.ref
        if Ref.parse(ref).pack != pack_ref:
            problems.add(each.source, f"ref: must begin with '{pack_ref}.'")
        first = seen.setdefault(ref, each.source)
        if first is not each.source:
            problems.add(each.source, f"ref: {first} defines {kind} {ref} already")


def _check_schemas(
    problems: Problems, each: Sourced[ComponentDocument], schema: JsonObject, place: str
) -> None:
    for problem in check_schema(schema, place):
        problems.add(each.source, problem)


def _check_code(
    problems: Problems, directory: Path, action: Sourced[ActionDocument]
) -> None:
    """An entry point is a file of the pack or code; a lone word is a missing file."""
    document = action.document
    if document.workflow_file is not None or document.runtime == ENGINE:
        # What the engine could run of it is checked with the workflows.
        return
    code = document.entrypoint
    if not code.strip():
        problems.add(action.source, "entry_point: must name a file, or be code")
    elif len(code.split()) == 1 and not _is_file(directory, "actions", code):
        problems.add(
            action.source, f"entry_point: there is no file actions/{code[:200]}"
        )


def _is_file(directory: Path, folder: str, name: str) -> bool:
    if not name.isprintable() or len(name) > MAX_PATH_BYTES:
        return False
    path = safe_path(name)
    within = name.startswith(folder + "/")
    return path is not None and (
        (directory / folder / path).is_file()
        or (within and (directory / path).is_file())
    )


def _check_rule(
    problems: Problems, rule: Sourced[RuleDocument], components: Components
) -> None:
    """Check a rule as far as its own pack goes; the rest is there at installation."""
    document = rule.document
    actions = {each.document.ref: each.document for each in components.actions}
    triggers = {each.document.ref: each.document for each in components.triggers}
    action = actions.get(document.action_ref)
    trigger = triggers.get(document.trigger_ref)
    for problem in check_rule(rule_text(document, _schema(action), _schema(trigger))):
        problems.add(rule.source, problem)


def _schema(document: ActionDocument | TriggerDocument | None) -> JsonObject:
    return {} if document is None else document.param_schema


def rule_text(
    rule: RuleDocument, action_schema: JsonObject, trigger_schema: JsonObject
) -> RuleText:
    """Return what of a rule is checked, with the schemas its parameters must fit."""
    return RuleText(
        condition=rule.condition,
        conditions=rule.conditions,
        action_params=rule.action_params,
        trigger_params=rule.trigger_params,
        trace_tag_template=rule.trace_tag_template,
        action_schema=action_schema,
        trigger_ref=rule.trigger_ref,
        trigger_schema=trigger_schema,
    )
