"""Does a rule hold together: its conditions, its templates, and what it hands on."""

from dataclasses import dataclass

from attune.domain.condition import compile_conditions
from attune.domain.enforcement import EnforcementCondition
from attune.domain.errors import InvalidInput
from attune.domain.json import Json, JsonObject
from attune.domain.keystore import (
    handing_on_problems,
    reading_problems,
    template_paths,
)
from attune.domain.schema_template import validate_templates
from attune.domain.template import check_template
from attune.domain.timer_text import timer_problems


@dataclass(frozen=True, kw_only=True)
class RuleText:
    """What a rule says, beside the schemas of what it connects."""

    condition: EnforcementCondition
    conditions: Json
    action_params: JsonObject
    trigger_params: JsonObject
    trace_tag_template: str | None
    action_schema: JsonObject
    trigger_ref: str
    trigger_schema: JsonObject
    secret_config: frozenset[str] = frozenset()
    """The settings of its pack that nobody may see."""


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
        *(broken or _secret_problems(rule)),
        *validate_templates(rule.action_schema, rule.action_params, "action_params"),
        *(_trigger_problems(rule)),
    ]


def _trigger_problems(rule: RuleText) -> list[str]:
    """A timer's own reader knows more than the schema of its trigger."""
    schema, params = rule.trigger_schema, rule.trigger_params
    return timer_problems(rule.trigger_ref, params) or validate_templates(
        schema, params, "trigger_params"
    )


def _condition_problems(rule: RuleText) -> list[str]:
    try:
        conditions = compile_conditions(rule.conditions, rule.condition)
    except InvalidInput as error:
        return error.problems or [f"conditions: {error.message}"]
    return reading_problems(conditions.reads(), rule.secret_config, "action_params")


def _secret_problems(rule: RuleText) -> list[str]:
    tag = {"trace_tag_template": template_paths(rule.trace_tag_template)}
    params: dict[str, Json] = {"action_params": rule.action_params}
    return [
        *handing_on_problems(params, rule.secret_config),
        *reading_problems(tag, rule.secret_config, "action_params"),
    ]
