"""Whether a rule's conditions hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.condition import Decision, compile_conditions
from attune.domain.enforcement import EnforcementCondition
from attune.domain.errors import InvalidInput
from attune.domain.json import Json
from tests.support.cpu_time import at_most
from tests.support.json_values import objects, values

ALL, ANY = EnforcementCondition.ALL, EnforcementCondition.ANY
PAYLOAD: dict[str, Json] = {
    "value": 150,
    "kind": "alarm",
    "tags": ["disk", "full"],
    "host": {"name": "db1", "disks": [{"id": 7}]},
}


def decide(document: Json, mode: EnforcementCondition = ALL) -> Decision:
    scope: dict[str, Json] = {"event": {"id": 1, "payload": PAYLOAD}}
    return compile_conditions(document, mode).matches(scope)


@pytest.mark.parametrize("document", [None, {}, [], {"any": []}, {"all": []}])
@pytest.mark.parametrize("mode", [ALL, ANY])
def test_no_conditions_always_hold(document: Json, mode: EnforcementCondition) -> None:
    assert decide(document, mode) == Decision(matched=True)


@pytest.mark.parametrize(
    ("expression", "matched"),
    [
        ("{{ event.payload.value > 100 }}", True),
        ("event.payload.value > 100", True),
        ("{{ event.payload.value == 150 and event.payload.kind != 'x' }}", True),
        ("{{ event.payload.kind in ['alarm', 'warning'] }}\n", True),
        ("{{ event.payload.value <= 1 or event.payload.value >= 151 }}", False),
        ("{{ event.payload.missing }}", False),
        ("{{ event.payload.tags }}", True),
        ("{{ event.payload.missing > 1 }}", False),
    ],
)
def test_an_expression_decides(expression: str, matched: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert decide({"expression": expression}).matched is matched
    assert decide([expression]).matched is matched
    assert decide([{"expression": expression}]).matched is matched


@pytest.mark.parametrize(
    ("field", "operator", "value", "matched"),
    [
        ("value", "equals", 150, True),
        ("value", "equals", 150.0, True),
        ("value", "equals", "150", False),
        ("value", "not_equals", 151, True),
        ("host.name", "equals", "db1", True),
        ("host.disks.0.id", "equals", 7, True),
        ("host.disks.1.id", "equals", None, True),
        ("missing.path", "equals", None, True),
        ("tags", "contains", "disk", True),
        ("tags", "contains", "x", False),
        ("kind", "contains", "lar", True),
        ("host", "contains", "name", True),
        ("missing", "contains", "x", False),
        ("value", "contains", 1, False),
        ("tags", "equals", ["disk", "full"], True),
    ],
)
def test_a_comparison_decides(
    field: str,
    operator: str,
    value: Json,
    matched: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    condition: Json = [{"field": field, "operator": operator, "value": value}]

    assert decide(condition).matched is matched


def test_all_must_hold_or_any_suffices() -> None:
    mixed: list[Json] = ["event.payload.value == 0", "event.payload.value == 150"]

    assert not decide(mixed, ALL).matched
    assert decide(mixed, ANY).matched
    assert decide({"any": mixed}, ALL).matched
    assert not decide({"all": mixed}, ANY).matched
    assert not decide([mixed[0]], ANY).matched


def test_the_decision_names_what_decided() -> None:
    mixed: list[Json] = ["event.payload.value == 150", "event.payload.kind == 'x'"]

    assert decide(mixed).decided_by == "conditions[1]: event.payload.kind == 'x'"
    assert decide(mixed, ANY).decided_by == (
        "conditions[0]: event.payload.value == 150"
    )
    assert decide([mixed[0]]) == Decision(matched=True)


def test_what_cannot_be_evaluated_does_not_hold_and_is_told() -> None:
    document: Json = ["event.payload.missing > 1", "event.payload.value == 150"]

    refused, accepted = decide(document, ALL), decide(document, ANY)

    assert not refused.matched
    assert refused.error is not None
    assert refused.error.startswith("conditions[0]: ")
    assert accepted == Decision(matched=True, decided_by=accepted.decided_by)


def test_a_decision_repeats_nothing_of_the_payload() -> None:
    scope: dict[str, Json] = {"event": {"payload": {"password": "hunter2"}}}

    decision = compile_conditions(["event.payload.password > 1"]).matches(scope)

    assert "hunter2" not in repr(decision)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ("text", "conditions"),
        (True, "conditions"),
        (0, "conditions"),
        ({"expression": "a b"}, "conditions.expression"),
        ({"expression": ""}, "conditions.expression"),
        ({"expression": 5}, "conditions.expression"),
        ({"expression": "true", "other": 1}, "conditions"),
        ({"any": "true"}, "conditions.any"),
        (["true", 5], "conditions[1]"),
        (["a {{ true }}"], "conditions[0]"),
        (["{{ true }} b"], "conditions[0]"),
        (["succeeded()"], "conditions[0]"),
        ([{"field": "a", "operator": "like", "value": 1}], "conditions[0].operator"),
        ([{"field": "a", "operator": 5, "value": 1}], "conditions[0].operator"),
        ([{"field": "", "operator": "equals", "value": 1}], "conditions[0].field"),
        ([{"field": "a..b", "operator": "equals", "value": 1}], "conditions[0].field"),
        ([{"field": 5, "operator": "equals", "value": 1}], "conditions[0].field"),
        ([{"field": "a", "operator": "equals"}], "conditions[0]"),
        (["true"] * 101, "conditions"),
    ],
)
def test_conditions_that_mean_nothing_are_found_when_saved(
    document: Json, place: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        compile_conditions(document)

    assert refused.value.message.startswith(f"{place}: ")


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        compile_conditions(["a b", "true", {"field": 1}])

    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "conditions[0]",
        "conditions[2]",
    ]


@given(st.one_of(values, st.lists(objects, max_size=3)), st.sampled_from([ALL, ANY]))
def test_any_document_is_conditions_or_refused(
    document: Any, mode: EnforcementCondition
) -> None:
    try:
        conditions = compile_conditions(document, mode)
    except InvalidInput:
        return
    conditions.matches({"event": {"payload": PAYLOAD}})


@given(values)
def test_a_field_equals_its_own_value(value: Any) -> None:
    condition = compile_conditions(
        [{"field": "a.b", "operator": "equals", "value": value}]
    )

    assert condition.matches({"event": {"payload": {"a": {"b": value}}}}).matched


def test_a_regex_bomb_does_not_hold_anyone_up() -> None:
    conditions = compile_conditions(["match('^(a+)+$', event.payload.text)"] * 100)

    with at_most(0.5):
        decision = conditions.matches({"event": {"payload": {"text": "a" * 250_000}}})

    assert decision.error is not None or decision.matched
