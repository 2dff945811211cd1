"""The functions of the expression language (contract, e.5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.errors import InvalidInput
from attune.domain.expression import compile_expression
from attune.domain.functions import FUNCTIONS
from attune.domain.json import Json
from tests.support.json_values import texts, values

CONTRACT = (
    "string number int bool type_of length keys values abs floor ceil round min max sum"
    " lower upper trim split join replace starts_with ends_with match contains reversed"
    " sort unique flat zip range slice index_of count merge chunks"
)


def evaluate(source: str, **scope: Json) -> Json:
    return compile_expression(source).evaluate(scope)


def test_there_are_the_functions_of_the_contract_and_default() -> None:
    assert set(FUNCTIONS) == {*CONTRACT.split(), "default"}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("string(null)", ""),
        ("string(true)", "true"),
        ("string(1)", "1"),
        ("string(1.5)", "1.5"),
        ("string([1, 'ä', null, 1.0])", '[1,"ä",null,1.0]'),
        ("string({'a': {'b': true}})", '{"a":{"b":true}}'),
        ("number('42')", 42),
        ("number(' -1.5e3 ')", -1500.0),
        ("number(true)", 1),
        ("number(1.5)", 1.5),
        ("int('42')", 42),
        ("int(4.9)", 4),
        ("int(-4.9)", -4),
        ("int(true)", 1),
        ("bool('false')", False),
        ("bool('True')", True),
        ("bool('')", False),
        ("bool('no')", True),
        ("bool([])", False),
        ("type_of(null)", "null"),
        ("type_of(true)", "boolean"),
        ("type_of(1)", "number"),
        ("type_of('a')", "string"),
        ("type_of([])", "array"),
        ("type_of({})", "object"),
        ("length('äö')", 2),
        ("length([1, 2])", 2),
        ("length({'a': 1})", 1),
        ("keys({'b': 1, 'a': 2})", ["a", "b"]),
        ("values({'b': 1, 'a': 2})", [2, 1]),
        ("abs(-3)", 3),
        ("floor(-1.5)", -2),
        ("ceil(1.2)", 2),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(1.005, 2)", 1.01),
        ("round(7)", 7),
        ("round(1e20)", 10**20),
        ("round(1e20, 2)", 1e20),
        ("min(3, 1, 2)", 1),
        ("min([3, 1])", 1),
        ("max('a', 'b')", "b"),
        ("max([])", None),
        ("sum([1, 2.5])", 3.5),
        ("sum([])", 0),
        ("lower('ÄB')", "äb"),
        ("upper('ß')", "SS"),
        ("trim('  a ')", "a"),
        ("trim('--a-', '-')", "a"),
        ("split(' a  b ')", ["a", "b"]),
        ("split('a,b,', ',')", ["a", "b", ""]),
        ("join(['a', 1, null, true], '-')", "a-1--true"),
        ("join(['a', 'b'])", "ab"),
        ("replace('banana', 'an', 'AN')", "bANANa"),
        ("starts_with('abc', 'ab')", True),
        ("ends_with('abc', 'bc')", True),
        ("match('b+', 'abbc')", True),
        ("match('^b+$', 'abbc')", False),
        ("match('(?i)B', 'abc')", True),
        ("contains([1, 2], 2)", True),
        ("contains('abc', 'b')", True),
        ("contains({'a': 1}, 'a')", True),
        ("reversed([1, 2])", [2, 1]),
        ("reversed('ab')", "ba"),
        ("sort([3, 1.5, 2])", [1.5, 2, 3]),
        ("sort(['b', 'a'])", ["a", "b"]),
        ("unique([1, 1.0, true, '1', [1], [1.0], {'a': 1}, {'a': 1.0}])",
         [1, True, "1", [1], {"a": 1}]),
        ("flat([[1], 2, [[3]]])", [1, 2, [3]]),
        ("zip([1, 2], ['a', 'b', 'c'])", [[1, "a"], [2, "b"]]),
        ("range(3)", [0, 1, 2]),
        ("range(1, 6, 2)", [1, 3, 5]),
        ("range(3, 0)", []),
        ("slice([1, 2, 3], 1)", [2, 3]),
        ("slice('abc', 0, -1)", "ab"),
        ("index_of([1, 2], 2)", 1),
        ("index_of('abc', 'x')", -1),
        ("count([1, 1, 2])", 3),
        ("count([1, 1.0, true], 1)", 2),
        ("count('banana', 'a')", 3),
        ("merge({'a': 1, 'b': 1}, {'b': 2})", {"a": 1, "b": 2}),
        ("chunks([1, 2, 3], 2)", [[1, 2], [3]]),
        ("default(nowhere, 'x')", "x"),
        ("default(false, 'x')", False),
        ("nowhere | default([]) | length", 0),
    ],
)  # fmt: skip
def test_functions_give(source: str, value: Json) -> None:
    result = evaluate(source)

    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    "source",
    [
        "number('1_000')",
        "number('٣')",
        "number('0x10')",
        "number('nan')",
        "number(null)",
        "number('1e999')",
        "int('4.2')",
        "int([])",
        "length(null)",
        "length(3)",
        "keys([1])",
        "abs('1')",
        "abs(true)",
        "round('1')",
        "round(1, 99)",
        "round(1.5, 0.5)",
        "min(1, 'a')",
        "max([null])",
        "sum([1, 'a'])",
        "sum(1)",
        "lower(1)",
        "split('a', '')",
        "replace('a', '', 'b')",
        "join('abc')",
        "match('(', 'a')",
        "match('(?=a)', 'a')",
        "match('(a)\\\\1', 'aa')",
        "match('a', 1)",
        "contains(1, 1)",
        "reversed({})",
        "sort([1, 'a'])",
        "sort([null])",
        "flat('ab')",
        "zip([1], 2)",
        "range(1.5)",
        "range(1, 2, 0)",
        "range(true)",
        "slice([1], 'a')",
        "index_of('a', 1)",
        "merge({'a': 1}, [1])",
        "chunks([1], 0)",
    ],
)
def test_functions_refuse_what_they_cannot_take(source: str) -> None:
    with pytest.raises(InvalidInput):
        evaluate(source)


@given(st.lists(values, max_size=6), values)
def test_finding_agrees_with_counting(items: list[Json], item: Json) -> None:
    found = evaluate("index_of(x, y)", x=items, y=item)

    assert (found == -1) == (evaluate("count(x, y)", x=items, y=item) == 0)
    assert evaluate("contains(x, y)", x=items, y=item) is (found != -1)


@given(st.lists(values, max_size=6))
def test_unique_keeps_one_of_each(items: list[Json]) -> None:
    unique = evaluate("unique(x)", x=items)

    assert isinstance(unique, list)
    assert all(evaluate("count(x, y)", x=unique, y=item) == 1 for item in unique)
    assert all(evaluate("y in x", x=unique, y=item) for item in items)


@given(st.lists(st.integers(-100, 100), max_size=9), st.integers(1, 5))
def test_lists_come_apart_and_together(items: list[Json], size: int) -> None:
    assert evaluate("flat(chunks(x, n))", x=items, n=size) == items
    assert evaluate("reversed(reversed(x))", x=items) == items
    assert evaluate("sort(x)", x=items) == sorted(items)  # type: ignore[type-var] # integers


@given(texts, texts.filter(bool))
def test_text_comes_apart_and_together(text: str, separator: str) -> None:
    assert evaluate("join(split(x, y), y)", x=text, y=separator) == text


@given(st.integers(-(10**30), 10**30))
def test_a_number_survives_being_text(number: int) -> None:
    assert evaluate("number(string(x))", x=number) == number
