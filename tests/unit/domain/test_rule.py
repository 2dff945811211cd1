"""Rules hold together, or every place where they do not is named."""

from typing import Any

import pytest

from attune.domain.enforcement import EnforcementCondition
from attune.domain.rule import (
    RuleText,
    canonical_conditions,
    check_rule,
    shown_conditions,
)

ALL, ANY = EnforcementCondition.ALL, EnforcementCondition.ANY
SCHEMA: dict[str, Any] = {
    "text": {"type": "string", "required": True},
    "count": {"type": "integer", "minimum": 1},
}


def rule(**fields: Any) -> RuleText:
    defaults: dict[str, Any] = {
        "condition": ALL,
        "conditions": [],
        "action_params": {"text": "hi"},
        "trigger_params": {},
        "trace_tag_template": None,
        "action_schema": SCHEMA,
        "trigger_ref": "deploy.pushed",
        "trigger_schema": {},
        "secret_config": frozenset({"key"}),
    }
    return RuleText(**defaults | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"action_params": {"text": "hi", "more": 1}},
        {"action_params": {"text": "{{ event.payload.a }}", "count": "{{ 1 }}"}},
        {"action_params": {"text": "hi", "count": None}},
        {"action_params": {"text": "say '{{ 'keystore' }}'"}},
        {"action_params": {"text": "{{ keystore.pack.slack.token }}"}},
        {"action_params": {"text": "a {{ keystore['a.b'] }} {{ pack.config.key }}"}},
        {"action_params": {"text": "{{ upper(pack.config.host) }}"}},
        {"action_schema": {}, "action_params": {"all": "{{ pack.config }}"}},
        {"action_schema": {}, "action_params": {"deep": [{"x": "{{ a.b }}"}]}},
        {"trace_tag_template": "{{ event.trigger }}.{{ event.id }}"},
        {"conditions": {"expression": "{{ event.payload.n > 1 }}"}},
        {"conditions": ["{{ true }}", {"expression": "false"}], "condition": ANY},
        {
            "action_schema": {
                "type": "object",
                "properties": {"n": {"type": "integer"}, "m": {"type": "integer"}},
                "required": ["n", "m"],
            },
            "action_params": {"n": "{{ event.payload.n }}", "m": 2},
        },
    ],
    ids=str,
)
def test_a_rule_that_holds_together_has_no_problems(fields: dict[str, Any]) -> None:
    assert check_rule(rule(**fields)) == []


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({"action_params": {}}, ["action_params"]),
        ({"action_params": {"text": None}}, ["action_params"]),
        ({"action_params": {"text": "a", "count": 0}}, ["action_params.count"]),
        ({"action_params": {"text": "{{ a +"}}, ["action_params.text"]),
        (
            {"action_params": {"text": "{{ upper(keystore.a) }}"}},
            ["action_params.text: 'keystore.a' is secret and can only"],
        ),
        (
            {"action_params": {"text": "{{ pack.config.key.a }}"}},
            ["action_params.text: 'pack.config.key' is secret and can only"],
        ),
        (
            {"conditions": ["pack.config.key == 'x' and event.payload.a == 1"]},
            ["conditions[0]: 'pack.config.key' is secret and can stand in"],
        ),
        (
            {"action_params": {"text": "{{ keystore.a }} {{ keystore.a.b }}"}},
            ["action_params: 'keystore.a' and 'keystore.a.b' cannot both"],
        ),
        (
            {
                "action_schema": {},
                "action_params": {"text": ["{{ x }}", "a {{ (keystore) }}"]},
            },
            ["action_params.text[1]: 'keystore' needs the ref"],
        ),
        (
            {"trace_tag_template": "{{ keystore.a }}"},
            ["trace_tag_template: 'keystore.a' is secret"],
        ),
        (
            {"trigger_ref": "deploy.pushed", "trigger_schema": SCHEMA},
            ["trigger_params"],
        ),
        ({"conditions": "yes"}, ["conditions"]),
        (
            {
                "conditions": [{"expression": "{{"}, {"expression": ")"}],
                "action_params": {"text": 1},
                "trace_tag_template": "{{",
            },
            ["conditions[0]", "conditions[1]", "trace_tag", "action_params.text"],
        ),
    ],
    ids=str,
)
def test_every_problem_is_named_with_its_place(
    fields: dict[str, Any], places: list[str]
) -> None:
    problems = check_rule(rule(**fields))

    assert len(problems) == len(places)
    for place, problem in zip(places, problems, strict=True):
        assert problem.startswith(place)


@pytest.mark.parametrize(
    ("given", "kept", "shown"),
    [
        (([], ALL), ([], ALL), {}),
        (({}, ALL), ({}, ALL), {}),
        ((["a"], ALL), (["a"], ALL), {"all": ["a"]}),
        ((["a"], ANY), (["a"], ANY), {"any": ["a"]}),
        (({"any": ["a"]}, ALL), (["a"], ANY), {"any": ["a"]}),
        (({"all": ["a"]}, ANY), (["a"], ALL), {"all": ["a"]}),
        (({"expression": "a"}, ANY), ({"expression": "a"}, ANY), {"expression": "a"}),
        (({"any": "a"}, ALL), ({"any": "a"}, ALL), {"any": "a"}),
    ],
)
def test_conditions_are_kept_as_a_list_and_shown_as_an_object(
    given: Any, kept: Any, shown: Any
) -> None:
    assert canonical_conditions(*given) == kept
    assert shown_conditions(*kept) == shown
