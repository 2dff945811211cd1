"""Does a rule hold together: its conditions, its templates, and what it hands on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from jinja2 import nodes

from attune.domain.condition import compile_conditions
from attune.domain.enforcement import EnforcementCondition
from attune.domain.errors import InvalidInput
from attune.domain.expression import Expression
from attune.domain.expression_syntax import parse
from attune.domain.json import Json, JsonObject, format_place
from attune.domain.schema import to_json_schema, validate
from attune.domain.template import check_template, compile_template, templates_in

KEYSTORE: Final = "keystore"
"""The namespace of keys; a rule must not read what its maker may not decrypt."""


@dataclass(frozen=True, kw_only=True)
class RuleText:
    """What a rule says, beside the schemas of what it connects."""

    condition: EnforcementCondition
    conditions: Json
    action_params: JsonObject
    trigger_params: JsonObject
    trace_tag_template: str | None
    action_schema: JsonObject
    trigger_schema: JsonObject


def canonical_conditions(
    conditions: Json, mode: EnforcementCondition | None
) -> tuple[Json, EnforcementCondition | None]:
    """Return the conditions as they are kept, with what `any` or `all` they said.

    `{"any": [...]}` is the list, of which any must hold.
    """
    if isinstance(conditions, dict) and len(conditions) == 1:
        for word in EnforcementCondition:
            listed = conditions.get(word)
            if isinstance(listed, list):
                return listed, word
    return conditions, mode


def shown_conditions(conditions: Json, mode: EnforcementCondition) -> JsonObject:
    """Return the conditions as an object, which is all that clients can read."""
    if isinstance(conditions, dict):
        return conditions
    return {mode.value: conditions} if conditions else {}


def check_rule(rule: RuleText) -> list[str]:
    """Return everything that is wrong with the rule, each with its place."""
    templates = {
        "action_params": rule.action_params,
        "trace_tag_template": rule.trace_tag_template,
    }
    broken = [
        problem
        for where, value in templates.items()
        for problem in check_template(value, where=where)
    ]
    return [
        *_condition_problems(rule),
        *(broken or _keystore_problems(templates)),
        *_parameter_problems(rule.action_params, rule.action_schema, "action_params"),
        *_parameter_problems(
            rule.trigger_params, rule.trigger_schema, "trigger_params"
        ),
    ]


def _condition_problems(rule: RuleText) -> list[str]:
    try:
        compile_conditions(rule.conditions, rule.condition)
    except InvalidInput as error:
        return error.problems or [f"conditions: {error.message}"]
    return []


def _keystore_problems(values: Mapping[str, Json]) -> list[str]:
    return [
        f"{format_place(place)}: {KEYSTORE} cannot be used in rules yet"
        for where, value in values.items()
        for place, text in templates_in(value, (where,))
        if KEYSTORE in _names(text)
    ]


def _names(text: str) -> Iterator[str]:
    for part in compile_template(text).parts:
        if isinstance(part, Expression):
            tree = parse(part.source)
            # A tree that is nothing but a name has none below it.
            names = (
                [tree] if isinstance(tree, nodes.Name) else tree.find_all(nodes.Name)
            )
            yield from (node.name for node in names)


def _parameter_problems(
    values: JsonObject, schema: JsonObject, where: str
) -> list[str]:
    """Check what is known now; what a template will give is taken on trust.

    Null is as good as nothing: enough for what is optional, not for what is required.
    """
    later = {name for name in values if any(templates_in(values[name]))}
    known: JsonObject = {
        name: value
        for name, value in values.items()
        if name not in later and value is not None
    }
    return validate(_without(to_json_schema(schema), later), known, where)


def _without(schema: JsonObject, names: set[str]) -> JsonObject:
    """Return the schema of an object as if it said nothing of these properties."""
    properties, required = schema.get("properties"), schema.get("required")
    narrowed = dict(schema)
    if isinstance(properties, dict):
        narrowed["properties"] = {k: v for k, v in properties.items() if k not in names}
    if isinstance(required, list):
        narrowed["required"] = [name for name in required if name not in names]
    return narrowed
