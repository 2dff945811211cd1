"""Groups, negations and searches: how conditions combine, and what they may cost."""

from typing import Any

import pytest

from attune.domain.condition import Decision, Outcome, compile_conditions
from attune.domain.condition_compiler import MAX_CONDITIONS, MAX_DEPTH
from attune.domain.errors import InvalidInput
from attune.domain.json import Json
from tests.support.cpu_time import at_most

TRUE, FALSE, ERROR = "true", "false", "1 < 'a'"
PAYLOAD: dict[str, Json] = {
    "kind": "order",
    "tags": ["new", "web"],
    "lines": [
        {"name": "tea", "price": 4.5, "parts": [1, 2]},
        {"name": "cup", "price": 12, "parts": []},
    ],
}


def decide(document: Any, payload: Json = PAYLOAD) -> Decision:
    scope: dict[str, Json] = {"event": {"payload": payload}}
    return compile_conditions(document).matches(scope)


def search(field: str, mode: str | None, conditions: Any) -> list[Any]:
    wanted = {"field": field, "operator": "search", "conditions": conditions}
    return [wanted if mode is None else {**wanted, "mode": mode}]


def compare(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


@pytest.mark.parametrize(
    ("document", "matched"),
    [
        ({"not": FALSE}, True),
        ({"not": {"expression": TRUE}}, False),
        ({"not": {"not": TRUE}}, True),
        ({"not": {"any": [FALSE, FALSE]}}, True),
        ({"not": {"all": [TRUE, FALSE]}}, True),
        ([TRUE, {"any": [FALSE, TRUE]}], True),
        ([TRUE, {"any": [FALSE, FALSE]}], False),
        ({"any": [FALSE, {"all": [TRUE, {"not": FALSE}]}]}, True),
        ({"all": [{"any": [TRUE]}, {"not": TRUE}]}, False),
        (compare("kind", "equals", "order"), True),
        ({"not": compare("kind", "equals", "order")}, False),
    ],
    ids=str,
)
def test_groups_combine(document: Any, matched: bool) -> None:  # noqa: FBT001 - a parameter of the test
    decision = decide(document)

    assert (decision.matched, decision.error) == (matched, None)


@pytest.mark.parametrize(
    ("document", "matched", "is_error"),
    [
        ({"not": ERROR}, False, True),
        ([TRUE, ERROR], False, True),
        ([FALSE, ERROR], False, False),
        ([ERROR, FALSE], False, True),
        ({"any": [ERROR, TRUE]}, True, False),
        ({"any": [ERROR, FALSE]}, False, True),
        ({"not": {"any": [ERROR, FALSE]}}, False, True),
        ({"not": {"any": [ERROR, TRUE]}}, False, False),
        ({"not": {"all": [FALSE, ERROR]}}, True, False),
    ],
    ids=str,
)
def test_an_error_never_makes_a_rule_match(
    document: Any,
    matched: bool,  # noqa: FBT001 - a parameter of the test
    is_error: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    decision = decide(document)

    assert (decision.matched, decision.error is not None) == (matched, is_error)


@pytest.mark.parametrize(
    ("document", "decided_by"),
    [
        ([TRUE, {"any": [FALSE, {"not": TRUE}]}], "conditions[1].any: none of them"),
        ([{"all": [TRUE, {"not": TRUE}]}], "conditions[0].all[1].not: true"),
        ({"any": [FALSE, {"all": [TRUE, TRUE]}]}, "conditions.any[1].all: all of them"),
        (
            {"any": [FALSE, {"all": [TRUE, FALSE]}]},
            "conditions.any: none of them holds",
        ),
        (
            [compare("kind", "equals", "x" * 99)],
            f'conditions[0]: kind equals "{"x" * 59}…',
        ),
        ({"not": TRUE}, "conditions.not: true"),
    ],
    ids=str,
)
def test_the_decision_names_the_innermost_that_decided(
    document: Any, decided_by: str
) -> None:
    assert (decide(document).decided_by or "").startswith(decided_by)


@pytest.mark.parametrize(
    ("document", "matched"),
    [
        (search("tags", None, [compare("item", "equals", "web")]), True),
        (search("tags", "any", [compare("item", "equals", "x")]), False),
        (search("tags", "all", [compare("item", "in", ["new", "web"])]), True),
        (search("tags", "all", [compare("item", "equals", "new")]), False),
        (search("tags", "none", [compare("item", "equals", "x")]), True),
        (search("tags", "none", [compare("item", "equals", "new")]), False),
        (search("lines", "any", [compare("item.price", "greater_than", 10)]), True),
        (
            search(
                "lines",
                "any",
                [
                    compare("item.price", "greater_than", 10),
                    compare("item.name", "equals", "tea"),
                ],
            ),
            False,
        ),
        (
            search(
                "lines",
                "all",
                {
                    "any": [
                        compare("item.price", "less_than", 5),
                        "item.name == 'cup' and event.payload.kind == 'order'",
                    ]
                },
            ),
            True,
        ),
        (search("lines", "none", {"not": compare("item.price", "gt", 1)}), True),
        (
            search(
                "lines",
                "any",
                search("item.parts", "any", [compare("item", "equals", 2)]),
            ),
            True,
        ),
        (search("missing", "any", ["true"]), False),
        (search("missing", "all", ["true"]), False),
        (search("missing", "none", ["true"]), True),
        (search("lines.1.parts", "any", ["true"]), False),
        (search("lines.1.parts", "all", ["false"]), True),
        (search("lines.1.parts", "none", ["true"]), True),
    ],
    ids=str,
)
def test_a_search_asks_each_element(document: Any, matched: bool) -> None:  # noqa: FBT001 - a parameter of the test
    decision = decide(document)

    assert (decision.matched, decision.error) == (matched, None)


def test_the_payload_itself_can_be_asked() -> None:
    document = search(".", "any", [compare("item", "equals", 2)])

    assert decide(document, [1, 2]).matched
    assert not decide([{"field": ".", "operator": "is_not_empty"}], []).matched


@pytest.mark.parametrize("mode", ["any", "all", "none"])
def test_a_search_that_cannot_be_told_is_an_error(mode: str) -> None:
    wrong_list = decide(search("kind", mode, ["true"]))
    wrong_item = decide(search("tags", mode, [compare("item", "less_than", 1)]))

    assert "needs an array, not string" in (wrong_list.error or "")
    assert "element 0: conditions[0].conditions[0]: item" in (wrong_item.error or "")


def test_one_element_that_cannot_be_told_does_not_hide_another_that_can() -> None:
    mixed: Json = {"tags": ["x", 1]}
    condition = [compare("item", "less_than", 5)]

    assert decide(search("tags", "any", condition), mixed) == Decision(matched=True)
    assert decide(search("tags", "none", condition), mixed).error is None


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        ([{"any": []}], ["conditions[0].any: must be a list"]),
        ([{"all": "true"}], ["conditions[0].all: must be a list"]),
        ([{}], ["conditions[0]: must be"]),
        ([{"maybe": ["true"]}], ["conditions[0]: must be"]),
        ({"not": None}, ["conditions.not: must be"]),
        ({"not": ["true"]}, ["conditions.not: must be"]),
        ({"all": ["true"], "any": ["true"]}, ["conditions: must be"]),
        (
            [TRUE, TRUE, {"any": [compare("a", "like", 1)]}],
            ["conditions[2].any[0].operator: must be one of"],
        ),
        (
            [compare("a..b", "in", 1), {"not": {"all": [compare("", "like", 1)]}}],
            [
                "conditions[0].field: ",
                "conditions[0].value: ",
                "conditions[1].not.all[0].field: ",
                "conditions[1].not.all[0].operator: ",
            ],
        ),
        (search("tags", "some", ["true"]), ["conditions[0].mode: must be one of any"]),
        (search("tags", "any", []), ["conditions[0].conditions: must be a list"]),
        (
            [{"field": "a", "operator": "search"}],
            ["conditions[0]: search needs conditions"],
        ),
        (
            [{"field": "a", "operator": "search", "conditions": [TRUE], "value": 1}],
            ["conditions[0]: search takes no value"],
        ),
        (
            search("tags", "any", [compare("kind", "equals", 1), ")"]),
            [
                "conditions[0].conditions[0].field: must be item",
                "conditions[0].conditions[1]: ",
            ],
        ),
        ([TRUE] * (MAX_CONDITIONS + 1), ["conditions: has more than 100 conditions"]),
        (
            [{"any": [TRUE] * 10}] * 10,
            ["conditions: has more than 100 conditions"],
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_every_mistake_is_told_with_its_place(
    document: Any, problems: list[str]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        compile_conditions(document)

    told = refused.value.problems or [refused.value.message]
    assert len(told) == len(problems)
    for problem, start in zip(told, problems, strict=True):
        assert problem.startswith(start)


def nested(depth: int) -> Any:
    document: Any = TRUE
    for _ in range(depth):
        document = {"not": document}
    return document


def test_nesting_is_bounded() -> None:
    assert decide(nested(MAX_DEPTH)).matched

    for depth in (MAX_DEPTH + 1, 900, 50_000):
        with pytest.raises(InvalidInput, match="more than 8 levels deep"):
            compile_conditions([nested(depth)])


def test_an_explanation_tells_of_every_condition_and_which_decided() -> None:
    document: Any = [TRUE, {"any": [FALSE, ERROR, TRUE]}, {"not": TRUE}, FALSE]

    explained = compile_conditions(document).explain({"event": {"payload": {}}})

    assert explained.decision == Decision(
        matched=False, decided_by="conditions[2].not: true"
    )
    assert [(each.holds, each.decided) for each in explained.outcomes] == [
        (True, False),
        (False, False),
        (None, False),
        (True, False),
        (True, True),
        (False, False),
    ]
    assert "cannot take" in (explained.outcomes[2].error or "")


def test_where_all_hold_all_have_decided() -> None:
    explained = compile_conditions([TRUE, TRUE]).explain({})

    assert explained.outcomes == (
        Outcome("conditions[0]: true", holds=True, decided=True),
        Outcome("conditions[1]: true", holds=True, decided=True),
    )
    assert compile_conditions([]).explain({}).outcomes == ()


MANY: list[Json] = ["x" * 25] * 9_990
HOSTILE = {
    "search of scalars": search("it", "none", [compare("item", "equals", "y")]),
    "search with many conditions": search(
        "it", "none", {"any": [compare("item", "equals", "y")] * 90}
    ),
    "search with long expressions": search(
        "it", "none", ["[" + ", ".join(["1"] * 1_900) + "] == 0"]
    ),
    "search in a search": search(
        "it", "none", search("item", "none", [compare("item", "equals", 1)])
    ),
    "search that reads all": search("it", "none", ["'y' in event.payload.it"]),
    "wide in": [compare("it", "in", [["x"] * 100] * 90)] * 99,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_search_is_bounded(name: str) -> None:
    conditions = compile_conditions(HOSTILE[name])
    scope: dict[str, Json] = {"event": {"payload": {"it": MANY}}}

    with at_most(0.5):
        decision = conditions.matches(scope)
        conditions.explain(scope)

    assert decision.matched or decision.error or decision.decided_by


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("matches", "^(a+)+$"),
        ("matches", "(a|aa)*(a|aa)*(a|aa)*b"),
        ("matches_ignore_case", "(.*)*(.*)*x"),
        ("matchregex", "(a*)*(a*)*b"),
        ("wildcard", "*a" * 120 + "b"),
        ("wildcard", "*?" * 120 + "[!a]"),
        ("contains_ignore_case", "a" * 1_000 + "b"),
        ("equals_ignore_case", "ß" * 100_000),
    ],
)
def test_a_hostile_comparison_is_bounded(operator: str, value: str) -> None:
    conditions = compile_conditions([compare("it", operator, value)] * 100)
    scope: dict[str, Json] = {"event": {"payload": {"it": "a" * 250_000}}}

    with at_most(0.5):
        decision = conditions.matches(scope)

    assert decision.matched or decision.error or decision.decided_by


def test_hostile_conditions_are_compiled_or_refused_soon() -> None:
    pattern = compare("a", "matches", "(" * 20 + "a{1,60}" + "){1,3}" * 4 + ")" * 16)
    groups: Any = [{"any": [{"all": [{"bad": 1}] * 20}] * 20}] * 20

    documents: list[Any] = [[pattern] * 100, groups, [nested(60)] * 2_000]

    with at_most(2.0):
        for document in documents:
            with pytest.raises(InvalidInput) as refused:
                compile_conditions(document)
            assert len(refused.value.problems) <= MAX_CONDITIONS
