"""What expressions mean."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune.domain.errors import InvalidInput
from attune.domain.expression import compile_expression
from attune.domain.functions import FUNCTIONS, TRANSITION_FUNCTIONS
from attune.domain.json import Json, check_json
from tests.support.json_values import texts, values

SCOPE: dict[str, Json] = {
    "event": {
        "id": 7,
        "payload": {
            "value": 150,
            "kind": "alarm",
            "tags": ["a", "b", ["x", "y"]],
            "0": "zero",
            "nothing": None,
            "name": "Hello World",
            "items": "mine",
            "keys": 3,
            "values": [1],
            "get": "got",
            "in": "keyword",
            "__class__": "a key like any other",
        },
    },
    "count": 3,
}


def evaluate(source: str, **scope: Json) -> Json:
    return compile_expression(source).evaluate({**SCOPE, **scope})


def refusal(source: str) -> str:
    with pytest.raises(InvalidInput) as refused:
        evaluate(source)
    return refused.value.message


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("1", 1),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("'a'", "a"),
        ('"a\\n"', "a\n"),
        ("'\\d+'", "\\d+"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("none", None),
        ("[1, 'a', null]", [1, "a", None]),
        ("[]", []),
        ("(1, 2)", [1, 2]),
        ("{'a': 1, 'b': [count]}", {"a": 1, "b": [3]}),
        ("[[1], [2, [3]]]", [[1], [2, [3]]]),
        ("  1  ", 1),
        ("1\n+\r\n1", 2),
    ],
)
def test_literals(source: str, value: Json) -> None:
    result = evaluate(source)

    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("event.payload.value", 150),
        ("event['payload']['value']", 150),
        ("event.payload.items", "mine"),
        ("event.payload.keys", 3),
        ("event.payload.values", [1]),
        ("event.payload.get", "got"),
        ("event.payload.in", "keyword"),
        ("event.payload.__class__", "a key like any other"),
        ("event.payload.tags.0", "a"),
        ("event.payload.tags.2.1", "y"),
        ("event.payload.tags.2.1 ~ '!'", "y!"),
        ("event.payload.tags[-1][0]", "x"),
        ("event.payload.tags[count - 2]", "b"),
        ("event.payload.tags.9", None),
        ("event.payload.tags[-9]", None),
        ("event.payload.tags['0']", None),
        ("event.payload.tags.first", None),
        ("event.payload.0", "zero"),
        ("event.payload['0']", "zero"),
        ("event.payload[0]", "zero"),
        ("event.payload.tags[1.0]", None),
        ("event.payload.tags[true]", None),
        ("event.payload.nothing.at.all", None),
        ("event.payload.value.real", None),
        ("event.payload.name.upper", None),
        ("event.payload.name[0]", "H"),
        ("event.payload.name[0:5]", "Hello"),
        ("event.payload.tags[:2]", ["a", "b"]),
        ("event.payload.tags[::-1][1:]", ["b", "a"]),
        ("nowhere", None),
        ("nowhere.at.all[3].x", None),
        ("null.x", None),
        ("{'a': {'b': 1}}.a.b", 1),
        ("length", None),
    ],
)
def test_a_path_leads_to_a_value_or_to_null(source: str, value: Json) -> None:
    assert evaluate(source) == value


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 / 2", 3.5),
        ("7 // 2", 3),
        ("-7 % 3", 2),
        ("2 ** 10", 1024),
        ("- count", -3),
        ("+ count", 3),
        ("1 - -1", 2),
        ("'a' + 'b'", "ab"),
        ("[1] + [2]", [1, 2]),
        ("1 ~ 'a' ~ null ~ true ~ [1]", "1atrue[1]"),
        ("1 == 1.0", True),
        ("true == 1", False),
        ("false == 0", False),
        ("null == 0", False),
        ("[1, {'a': 1.0}] == [1.0, {'a': 1}]", True),
        ("'1' == 1", False),
        ("1 != 2", True),
        ("1 < 2 < 3", True),
        ("1 < 3 < 2", False),
        ("'a' < 'b'", True),
        ("2 >= 2.0", True),
        ("'a' in ['a']", True),
        ("1 in [true]", False),
        ("'b' not in 'abc'", False),
        ("'value' in event.payload", True),
        ("event.payload.value in [1, 150]", True),
        ("event.payload.value > 100 and event.payload.kind == 'alarm'", True),
        ("1 and 'a'", True),
        ("0 or ''", False),
        ("'a' or 'b'", True),
        ("not nowhere", True),
        ("not 1 == 2", True),
        ("true or 1 / 0", True),
        ("false and 1 / 0", False),
        ("'yes' if count > 2 else 'no'", "yes"),
        ("'yes' if count > 9", None),
        ("nowhere is defined", False),
        ("count is not none", True),
        ("count is number and 'a' is string", True),
        ("'a b' | upper | replace(' ', '-')", "A-B"),
        ("'123' | match('^[0-9]+$')", True),
    ],
)
def test_operators(source: str, value: Json) -> None:
    result = evaluate(source)

    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    "source",
    [
        "1 + '1'",
        "'1' + 1",
        "null + 1",
        "true + 1",
        "[1] + 1",
        "'a' * 3",
        "[1] * 3",
        "'%s' % 1",
        "-'a'",
        "+null",
        "nowhere > 100",
        "1 < '2'",
        "[1] < [2]",
        "true < 2",
        "1 in 2",
        "1 in 'a'",
        "'a' in null",
        "1 / 0",
        "1 % 0",
        "1 // 0",
        "0 ** -1",
        "(-8) ** 0.5",
        "{1: 2}",
        "count[0:1]",
        "'abc'['a':]",
        "'abc'[::0]",
    ],
)
def test_nothing_is_converted_behind_ones_back(source: str) -> None:
    refusal(source)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("a b", "'b' (at character 3)"),
        ("a = b", "compare with '=='"),
        ("a && b", "write 'and'"),
        ("a || b", "write 'or'"),
        ("!a", "write 'not'"),
        ("a ? b : c", "write 'a if condition else b'"),
        ("(1", "expected ')'"),
        ("1)", "unexpected ')'"),
        ("'abc", "close the string (at character 1)"),
        ("{% if a %}", "unexpected"),
        ("a }} {{ b", "unexpected '}}'"),
        ("uper('x')", "did you mean upper()"),
        ("nonsense(1)", "there is no function 'nonsense'"),
        ("1 | nonsense", "there is no function 'nonsense'"),
        ("x is nonsense", "there is no test 'nonsense'"),
        ("upper()", "upper() takes 1 argument(s), not 0"),
        ("replace('a', 'b')", "replace() takes 3 argument(s), not 2"),
        ("'x'.upper()", "write upper(value), not value.upper()"),
        ("upper(x='1')", "by their position only"),
        ("upper(*[1])", "by their position only"),
        ("a[1, 2]", "one key or index"),
        ("succeeded()", "there is no function 'succeeded'"),
    ],
)
def test_an_error_says_where_and_what_would_be_right(source: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        compile_expression(source)

    assert said in refused.value.message


def test_an_error_does_not_repeat_the_value() -> None:
    with pytest.raises(InvalidInput) as refused:
        evaluate("secret + 1", secret="hunter2")

    assert "hunter2" not in refused.value.message


def test_a_transition_brings_its_own_functions() -> None:
    expression = compile_expression(
        "succeeded() and result().image == 'x'", TRANSITION_FUNCTIONS
    )
    functions: dict[str, Callable[..., Json]] = {
        "succeeded": lambda: True,
        "result": lambda: {"image": "x"},
    }

    assert expression.evaluate({}, functions) is True
    with pytest.raises(InvalidInput, match="not available"):
        expression.evaluate({})


def test_a_brought_function_can_be_a_filter() -> None:
    expression = compile_expression("2 | twice", {"twice"})

    assert expression.evaluate({}, {"twice": lambda number: number * 2}) == 4


def test_an_expression_knows_which_variables_it_reads() -> None:
    expression = compile_expression("a.b > c[d.e] and length('x') and null == [f]")

    assert expression.names == {"a", "c", "d", "f"}


def test_a_literal_list_is_fresh_each_time() -> None:
    expression = compile_expression("[1, 2]")
    first = expression.evaluate({})
    assert isinstance(first, list)
    first.append(3)

    assert expression.evaluate({}) == [1, 2]


def test_the_scope_is_never_changed() -> None:
    scope: dict[str, Json] = {"l": [3, 1, 2], "o": {"a": 1}}

    for source in ("sort(l)", "reversed(l)", "merge(o, {'b': 2})", "l + [4]"):
        compile_expression(source).evaluate(scope)

    assert scope == {"l": [3, 1, 2], "o": {"a": 1}}


@given(values)
def test_a_variable_is_its_value(value: Any) -> None:
    assert evaluate("x", x=value) == value
    assert evaluate("x == y", x=value, y=value) is True


@given(values, values)
def test_and_or_and_not_are_about_truth(left: Any, right: Any) -> None:
    assert evaluate("x and y", x=left, y=right) is (bool(left) and bool(right))
    assert evaluate("x or y", x=left, y=right) is (bool(left) or bool(right))
    assert evaluate("not x", x=left) is (not left)


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_refused(source: str) -> None:
    with suppress(InvalidInput):
        compile_expression(source).evaluate(SCOPE)


_WORDS = (
    "event .payload .tags [0] [-1] ( ) [ ] { } , : + - * / % ** ~ | == < in not and or"
    " if else is 1 2.5 'a' null true x length defined"
)
_pieces = st.sampled_from([*_WORDS.split(), *FUNCTIONS])


@given(st.lists(_pieces, max_size=14).map(" ".join), values)
def test_any_words_are_an_expression_or_refused(source: str, value: Any) -> None:
    with suppress(InvalidInput):
        evaluate(source, x=value)


@given(texts)
def test_a_string_is_data_whatever_it_says(text: str) -> None:
    assert evaluate("x ~ ''", x=text) == text


EXTREMES: dict[str, Json] = {
    "a": 10**1200,
    "b": -2.5,
    "c": "text, äö",
    "d": [3, 1.5, 2],
    "e": {"k": 1, "z": [{"q": None}]},
    "f": None,
    "g": True,
    "h": 1e308,
    "i": 5e-324,
    "j": ["b", "a"],
    "k": "^a+",
}
_OPERATORS = "+ - * / // % ** ~ == != < <= > >= and or".split()  # noqa: SIM905 - reads better
_leaves = st.sampled_from([*EXTREMES, "0", "-1", "2.5", "''", "null", "[]", "{}"])


def _calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(FUNCTIONS)).flatmap(
        lambda name: st.lists(
            inner,
            min_size=FUNCTIONS[name].least,
            max_size=max(FUNCTIONS[name].least, min(FUNCTIONS[name].most, 3)),
        ).map(lambda arguments: f"{name}({', '.join(arguments)})")
    )


_sentences = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(_OPERATORS), inner),
        st.builds("({} in {})".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({})[{}:{}]".format, inner, inner, inner),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        _calls(inner),
    ),
    max_leaves=6,
)


@settings(max_examples=500)
@given(_sentences)
def test_any_sentence_over_extreme_values_has_a_value_or_a_reason(source: str) -> None:
    with suppress(InvalidInput):
        check_json(compile_expression(source).evaluate(EXTREMES))


@pytest.mark.parametrize(
    ("source", "paths", "path"),
    [
        ("a", {("a",)}, ("a",)),
        ("a.b['c d'][0].1", {("a", "b", "c d", "0", "1")}, ("a", "b", "c d", "0", "1")),
        ("a[b.c].d", {("a",), ("b", "c")}, None),
        ("a.b + a.c", {("a", "b"), ("a", "c")}, None),
        ("upper(a.b)", {("a", "b")}, None),
        ("a.b if c else d.e", {("a", "b"), ("c",), ("d", "e")}, None),
        ("(a.b)", {("a", "b")}, ("a", "b")),
        ("not a", {("a",)}, None),
        ("null", set(), None),
        ("null.a", set(), None),
        ("1", set(), None),
        ("result().x", set(), None),
        ("a[1:2]", {("a",)}, None),
    ],
)
def test_an_expression_tells_what_it_reads(
    source: str, paths: set[tuple[str, ...]], path: tuple[str, ...] | None
) -> None:
    expression = compile_expression(source, {"result"})

    assert expression.paths == paths
    assert expression.path == path
    assert expression.names == {each[0] for each in paths}
    assert expression.calls == ({"result"} if "result" in source else set())
