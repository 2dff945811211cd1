"""No expression takes long, makes anything large, or needs a clock to be stopped."""

import sys

import pytest

from attune.domain.errors import InvalidInput
from attune.domain.expression import compile_expression
from attune.domain.expression_budget import MAX_TEXT, Budget
from attune.domain.json import Json
from tests.support.cpu_time import at_most

LARGE: dict[str, Json] = {
    "l": list(range(10_000)),
    "floats": [float(number) for number in range(10_000)],
    "maps": [{"a": number, "b": [number]} for number in range(2_500)],
    "same_maps": [{"a": number, "b": [number]} for number in range(2_500)],
    "words": ["x" * 100 + str(number) for number in range(10_000)],
    "d": {str(number): number for number in range(10_000)},
    "empty": [[] for _ in range(10_000)],
    "s": "a" * 250_000,
    "t": "a" * 249_999 + "b",
    "accents": "é" * 120_000,
    "digits": "01101001" * 30_000,
    "big": 10**1200 - 1,
    "bigs": [10**1200 - 1] * 5_000,
}


def often(source: str, count: int) -> str:
    return "[" + ",".join([source] * count) + "]"


@pytest.mark.parametrize(
    "source",
    [
        "range(10**9)",
        "range(10**30)",
        "range(0, -10**9, -1)",
        "'a' * 2000000000",
        "'%2000000000d' % 1",
        "2 ** 1000000000",
        "9 ** 9 ** 9 ** 9 ** 9",
        "(-9) ** 1000000",
        "2.0 ** 100000",
        "1e308 * 10",
        "big + 1.5",
        "sum([1.5, big])",
        "big / 1",
        "big * 1.5",
        "big ** 9",
        "1e400",
        "1" * 5_000,
        "0x" + "f" * 5_000,
        "s ~ s",
        "s + s",
        "join(l, s)",
        "replace(s, 'a', 'aaaa')",
        "[s, s]",
        "[l, l]",
        "l + l",
        "flat([l, l])",
        "zip(l, l, l, l, l)",
        "s",
        "match('[01]*1[01]{900}x', digits)",
        "match('(a{30}){30}b', s)",
        "match('((a{1,30}){1,30}){1,30}', s)",
        "match(join(range(900), '|'), s)",
        "match('(?i)[\\\\pL]*1[\\\\pL01]{100}x', accents)",
    ],
)
def test_what_would_be_too_large_is_refused_at_once(source: str) -> None:
    scope = {**LARGE, "s": "a" * 250_001 + "b" * 6_000} if source == "s" else LARGE

    with at_most(0.5), pytest.raises(InvalidInput):
        compile_expression(source).evaluate(scope)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(" and ".join(["l == floats"] * 900), id="equal lists"),
        pytest.param(" and ".join(["maps == same_maps"] * 700), id="equal maps"),
        pytest.param(" or ".join(["s == t"] * 1_000), id="equal strings"),
        pytest.param(" or ".join(["s > t"] * 1_000), id="compared strings"),
        pytest.param(" or ".join(["-1 in l"] * 900), id="searched lists"),
        pytest.param(" or ".join(["'b' in s"] * 900), id="searched strings"),
        *(
            pytest.param(often(call, 300), id=call)
            for call in (
                "upper(s)",
                "upper(accents)",
                "length(trim(s, 'bcdefghijklmnopqrstuvwxyza'))",
                "sort(l)",
                "sort(words)",
                "max(words)",
                "unique(words)",
                "unique(maps)",
                "length(string(maps))",
                "length(join(l, 'x'))",
                "keys(d)",
                "values(d)",
                "merge(d, d)",
                "zip(l, l)",
                "chunks(l, 1)",
                "flat(empty)",
                "range(9999)",
                "reversed(s)",
                "reversed(l)",
                "l[1:]",
                "sum(l)",
                "sum(bigs)",
                "index_of(floats, 1.5)",
                "count(floats, 1.5)",
                "count(s, 'a')",
                "length(replace(s, 'aaaaaaaaaaaaaaaab', 'b'))",
                "split(s, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')",
                "match('a.*b$', s)",
            )
        ),
        pytest.param(
            "[" + ",".join(f"match('a.*{n}$', 'x')" for n in range(500)) + "]",
            id="many patterns",
        ),
        pytest.param("match('" + "\\\\pL" * 240 + "', 'x')", id="a heavy pattern"),
    ],
)
def test_much_work_is_counted_and_ends(source: str) -> None:
    """Whether it is refused or done: it is over soon."""
    expression = compile_expression(source)

    with at_most(0.4):
        try:
            expression.evaluate(LARGE)
        except InvalidInput:
            return


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("x" * 16_001, id="source of 16,001 characters"),
        pytest.param("(" * 1_000 + "1" + ")" * 1_000, id="deep parentheses"),
        pytest.param("[" * 1_000 + "]" * 1_000, id="deep lists"),
        pytest.param("{'a':" * 500 + "1" + "}" * 500, id="deep objects"),
        pytest.param("f(" * 500 + ")" * 500, id="deep calls"),
        pytest.param("not " * 3_000 + "a", id="many nots"),
        pytest.param("-" * 15_000 + "1", id="many signs"),
        pytest.param("1" + "+1" * 7_000, id="a long sum"),
        pytest.param("1" + "**1" * 5_000, id="a long power"),
        pytest.param("a" + "|upper" * 2_000, id="many filters"),
        pytest.param("a" + "[a" * 3_000, id="open brackets"),
        pytest.param("1 if a else " * 1_200 + "1", id="a long choice"),
        pytest.param("a" + "[0:1]" * 3_000, id="many slices"),
        pytest.param("[" + "a," * 7_000 + "]", id="7,000 parts"),
        pytest.param("'" + "\\'" * 7_000, id="a string that never ends"),
        pytest.param("1_" * 7_000, id="a number that never ends"),
    ],
)
def test_a_monstrous_source_is_refused_when_it_is_compiled(source: str) -> None:
    with at_most(0.6), pytest.raises(InvalidInput):
        compile_expression(source)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (" or ".join(["a"] * 3_000), False),
        ("a" + ".b" * 7_000, None),
        ("1" + "+1" * 90, 91),
        ("(" * 30 + "1" + ")" * 30, 1),
        ("2 ** 4095", 2**4095),
        ("1 ** 10000000000", 1),
        ("(-1) ** 10000000001", -1),
        ("0 ** 10000000000", 0),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_long_but_simple_is_evaluated(source: str, value: Json) -> None:
    with at_most(0.6):
        assert compile_expression(source).evaluate({}) == value


def test_a_small_stack_gives_an_error_and_no_crash() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(180)
    try:
        with pytest.raises(InvalidInput, match="nested too deeply"):
            compile_expression("(" * 25 + "2" + ")" * 25)
    finally:
        sys.setrecursionlimit(limit)


def test_the_same_work_costs_the_same_again() -> None:
    first, second = Budget(), Budget()
    expression = compile_expression("match('a+', s) and sort(l) == l")

    for budget in (first, second):
        expression.evaluate({"s": "aaa", "l": [1, 2]}, budget=budget)

    assert first.steps == second.steps < Budget().steps


def test_a_result_may_be_as_long_as_the_limit() -> None:
    text = "x" * MAX_TEXT

    assert compile_expression("x").evaluate({"x": text}) == text
    with pytest.raises(InvalidInput):
        compile_expression("x").evaluate({"x": text + "x"})
