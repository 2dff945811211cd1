"""What each operator of a comparison makes of values of every kind."""

from enum import Enum
from typing import Any

import pytest

from attune.domain.condition import Decision, compile_conditions
from attune.domain.condition_operator import OPERATORS, SYNONYMS, find_operator
from attune.domain.errors import InvalidInput
from attune.domain.json import Json

CREATED = "2026-05-01T10:00:00+00:00"


class Value(Enum):
    """Something that no event can hold, and whose name is the same in every process."""

    ABSENT = "absent"


ABSENT: Any = Value.ABSENT


def decide(operator: str, actual: Any, wanted: Any = ABSENT) -> Decision:
    """Hold one value against one operator."""
    comparison: dict[str, Json] = {"field": "it", "operator": operator}
    if wanted is not ABSENT:
        comparison["value"] = wanted
    payload: dict[str, Json] = {} if actual is ABSENT else {"it": actual}
    scope: dict[str, Json] = {"event": {"created": CREATED, "payload": payload}}
    return compile_conditions([comparison]).matches(scope)


HOLDS = [
    ("equals", 1, 1.0),
    ("equals", None, None),
    ("equals", ABSENT, None),
    ("equals", {"a": [1]}, {"a": [1]}),
    ("not_equals", "1", 1),
    ("not_equals", 1, True),
    ("not_equals", ABSENT, 1),
    ("equals_ignore_case", "ALARM", "alarm"),
    ("equals_ignore_case", "STRASSE", "straße"),
    ("not_equals_ignore_case", "alarms", "alarm"),
    ("not_equals_ignore_case", 5, "alarm"),
    ("not_equals_ignore_case", ABSENT, "alarm"),
    ("contains", "alarm", "lar"),
    ("contains", ["a", 1], 1),
    ("contains", {"a": 1}, "a"),
    ("not_contains", "alarm", "x"),
    ("not_contains", ["a"], "A"),
    ("not_contains", ABSENT, "x"),
    ("contains_ignore_case", "ALARM", "lar"),
    ("contains_ignore_case", [1, "ALARM"], "alarm"),
    ("contains_ignore_case", {"Alarm": 1}, "alarm"),
    ("not_contains_ignore_case", "ALARM", "x"),
    ("not_contains_ignore_case", [1], "x"),
    ("not_contains_ignore_case", ABSENT, "x"),
    ("in", 1, [1, 2]),
    ("in", ABSENT, [None]),
    ("not_in", "1", [1, 2]),
    ("not_in", ABSENT, [1]),
    ("starts_with", "alarm", "al"),
    ("starts_with_ignore_case", "Alarm", "aL"),
    ("ends_with", "alarm", "rm"),
    ("ends_with_ignore_case", "alaRM", "Rm"),
    ("less_than", 1, 1.5),
    ("less_than", "2026-01-01", "2026-01-02"),
    ("less_or_equal", 2, 2),
    ("greater_than", 2, 1),
    ("greater_or_equal", "b", "b"),
    ("between", 1, [1, 2]),
    ("between", 2, [1, 2]),
    ("between", "b", ["a", "c"]),
    ("matches", "disk 90%", r"\d+%"),
    ("matches_ignore_case", "DISK", "d.sk"),
    ("wildcard", "web-07.example", "web-*.exampl?"),
    ("exists", 0, ABSENT),
    ("exists", "", ABSENT),
    ("not_exists", ABSENT, ABSENT),
    ("not_exists", None, ABSENT),
    ("is_empty", ABSENT, ABSENT),
    ("is_empty", "", ABSENT),
    ("is_empty", [], ABSENT),
    ("is_empty", {}, ABSENT),
    ("is_not_empty", 0, ABSENT),
    ("is_not_empty", False, ABSENT),
    ("is_not_empty", " ", ABSENT),
    ("time_since_less_than", "2026-05-01T09:58:00Z", "5m"),
    ("time_since_less_than", "2026-05-01T12:00:00Z", 0),
    ("time_since_greater_than", "2026-05-01T11:54:00+02:00", 300),
    ("time_since_greater_than", "2026-04-30", "9h59m"),
    ("time_since_greater_than", "2026-05-01T09:00:00.123456789Z", "59m59s"),
    ("time_since_greater_than", 1_777_627_800, "29m"),
    ("matchregex", "disk 90%", "di"),
]


@pytest.mark.parametrize(("operator", "actual", "wanted"), HOLDS, ids=str)
def test_an_operator_holds(operator: str, actual: Any, wanted: Any) -> None:
    assert decide(operator, actual, wanted) == Decision(matched=True)


DOES_NOT_HOLD = [
    ("equals", "1", 1),
    ("equals", True, 1),
    ("equals", ABSENT, 0),
    ("not_equals", 1.0, 1),
    ("equals_ignore_case", "alarms", "alarm"),
    ("equals_ignore_case", 5, "5"),
    ("equals_ignore_case", ABSENT, ""),
    ("not_equals_ignore_case", "Alarm", "aLARM"),
    ("contains", "Alarm", "alarm"),
    ("contains", ABSENT, "x"),
    ("not_contains", ["a", "b"], "b"),
    ("contains_ignore_case", ["alarms"], "alarm"),
    ("contains_ignore_case", ABSENT, "x"),
    ("not_contains_ignore_case", "ALARM", "lar"),
    ("in", "1", [1, 2]),
    ("in", ABSENT, [1]),
    ("not_in", 1, [1.0]),
    ("starts_with", "alarm", "Al"),
    ("starts_with", ABSENT, ""),
    ("starts_with_ignore_case", "alarm", "l"),
    ("ends_with", "alarm", "r"),
    ("ends_with", None, "r"),
    ("ends_with_ignore_case", "alarm", "r"),
    ("less_than", 1, 1),
    ("less_than", ABSENT, 1),
    ("less_or_equal", 2, 1.9),
    ("greater_than", 1, 1),
    ("greater_than", ABSENT, -1),
    ("greater_or_equal", 0, 1),
    ("between", 3, [1, 2]),
    ("between", ABSENT, [1, 2]),
    ("matches", "disk", "^isk"),
    ("matches", ABSENT, ".*"),
    ("matches_ignore_case", "disk", "x"),
    ("wildcard", "web-07.example.com", "web-*.example"),
    ("wildcard", ABSENT, "*"),
    ("exists", ABSENT, ABSENT),
    ("exists", None, ABSENT),
    ("not_exists", False, ABSENT),
    ("is_empty", 0, ABSENT),
    ("is_not_empty", [], ABSENT),
    ("time_since_less_than", "2026-05-01T09:55:00Z", "5m"),
    ("time_since_less_than", ABSENT, "5m"),
    ("time_since_greater_than", "2026-05-01T10:00:01Z", 0),
    ("time_since_greater_than", ABSENT, 0),
    ("matchregex", "the disk", "disk"),
]


@pytest.mark.parametrize(("operator", "actual", "wanted"), DOES_NOT_HOLD, ids=str)
def test_an_operator_does_not_hold(operator: str, actual: Any, wanted: Any) -> None:
    decision = decide(operator, actual, wanted)

    assert (decision.matched, decision.error) == (False, None)
    assert decision.decided_by is not None
    assert decision.decided_by.startswith(f"conditions[0]: it {operator}")


@pytest.mark.parametrize(
    ("operator", "actual", "wanted", "problem"),
    [
        ("contains", 5, 5, "needs a string, an array or an object, not number"),
        ("contains", "5", 5, "'in' cannot take number and string"),
        ("not_contains", 5, 5, "needs a string, an array or an object, not number"),
        ("contains_ignore_case", True, "a", "not boolean"),
        ("starts_with", 5, "5", "needs a string, not number"),
        ("starts_with_ignore_case", ["a"], "a", "needs a string, not array"),
        ("ends_with", {}, "a", "needs a string, not object"),
        ("ends_with_ignore_case", 1, "a", "needs a string, not number"),
        ("less_than", "1", 2, "'<' cannot take string and number"),
        ("less_or_equal", True, 2, "'<=' cannot take boolean and number"),
        ("greater_than", 1, "a", "'>' cannot take number and string"),
        ("greater_or_equal", [], 1, "'>=' cannot take array and number"),
        ("between", "1", [1, 2], "cannot take string and number"),
        ("matches", 5, ".", "needs a string, not number"),
        ("matches_ignore_case", 5, ".", "needs a string, not number"),
        ("wildcard", 5, "*", "needs a string, not number"),
        ("time_since_less_than", "yesterday", 5, "needs a time stamp such as"),
        ("time_since_less_than", "2026-13-01", 5, "needs a time stamp such as"),
        ("time_since_less_than", True, 5, "needs a time stamp, not boolean"),
        ("time_since_greater_than", -1, 5, "seconds since 1970"),
        ("time_since_greater_than", 10**400, 5, "seconds since 1970"),
    ],
    ids=str,
)
def test_a_kind_of_value_that_an_operator_cannot_take_is_an_error(
    operator: str, actual: Any, wanted: Any, problem: str
) -> None:
    decision = decide(operator, actual, wanted)

    assert not decision.matched
    assert decision.error is not None
    assert decision.error.startswith(f"conditions[0]: it {operator}")
    assert problem in decision.error


@pytest.mark.parametrize(
    ("operator", "wanted", "problem"),
    [
        ("like", 1, "operator: must be one of equals, not_equals, "),
        ("equals", ABSENT, "equals needs value"),
        ("exists", True, "exists takes no value"),
        ("is_empty", None, "is_empty takes no value"),
        ("equals_ignore_case", 5, "value: must be a string"),
        ("contains_ignore_case", None, "value: must be a string"),
        ("in", "abc", "value: must be a list"),
        ("not_in", 1, "value: must be a list"),
        ("starts_with", 1, "value: must be a string"),
        ("ends_with", [], "value: must be a string"),
        ("less_than", None, "value: must be a number or a string"),
        ("greater_than", True, "value: must be a number or a string"),
        ("between", 1, "value: must be a list of the least and the greatest"),
        ("between", [1], "value: must be a list of the least and the greatest"),
        ("between", [1, "2"], "value: '<=' cannot take number and string"),
        ("between", [2, 1], "value: the least is greater than the greatest"),
        ("matches", "(", "value: not a regular expression"),
        ("matches", "(?=a)", "value: not a regular expression: look-around"),
        ("matches", "a" * 1_001, "value: a regular expression has at most"),
        ("matches", "((a{100}){100})", "value: not a regular expression"),
        ("matches", 5, "value: must be a string"),
        ("matchregex", "a)|(b", "value: not a regular expression"),
        ("wildcard", "*" * 256, "value: a wildcard has at most 255 characters"),
        ("wildcard", "[z-a]", "value: not a wildcard: the range z-a"),
        ("time_since_less_than", "soon", "value: must be a number of seconds, or"),
        ("time_since_less_than", -1, "value: must be a number of seconds, or"),
        ("time_since_less_than", True, "value: must be a number of seconds, or"),
        ("time_since_less_than", 10**20, "value: must be at most 100 years"),
        ("time_since_less_than", "99999999999w", "value: must be at most 100 years"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_value_that_an_operator_cannot_mean_is_refused(
    operator: str, wanted: Any, problem: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        decide(operator, 1, wanted)

    [told] = refused.value.problems
    assert told.startswith("conditions[0]")
    assert problem in told


@pytest.mark.parametrize(
    ("text", "wildcard", "matched"),
    [
        ("a.b", "a.b", True),
        ("axb", "a.b", False),
        ("line\nbreak", "line*", True),
        ("", "", True),
        ("", "*", True),
        ("b7", "[a-c][!x]", True),
        ("d7", "[a-c]7", False),
        ("*", "[*]", True),
        ("x", "[*]", False),
        ("]", "[]]", True),
        ("a", "[!]]", True),
        ("-", "[a-]", True),
        ("[a", "[a", True),
        ("a^", "a[\\^]", True),
        ("aé", "a?", True),
        ("prefix a", "a", False),
        ("(a|b)", "(a|b)", True),
    ],
)
def test_a_wildcard_is_held_against_the_whole_text(
    text: str,
    wildcard: str,
    matched: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert decide("wildcard", text, wildcard) == Decision(
        matched, None if matched else decide("wildcard", text, wildcard).decided_by
    )


def test_every_operator_is_tested() -> None:
    assert OPERATORS.keys() <= {case[0] for case in HOLDS}
    assert OPERATORS.keys() <= {case[0] for case in DOES_NOT_HOLD}


@pytest.mark.parametrize(("other", "name"), SYNONYMS.items())
def test_a_synonym_is_the_operator_it_stands_for(other: str, name: str) -> None:
    assert find_operator(other) is OPERATORS[name]
