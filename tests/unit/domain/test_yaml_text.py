"""YAML as plain JSON values."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.errors import InvalidInput, MalformedInput
from attune.domain.json import Json, check_json
from attune.domain.yaml_text import parse_yaml
from tests.support.cpu_time import at_most
from tests.support.json_values import values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("a: no", {"a": "no"}),
        ("a: on", {"a": "on"}),
        ("a: 010", {"a": 10}),
        ("a: 0o10", {"a": 8}),
        ("a: 0x1F", {"a": 31}),
        ("a: 1:20", {"a": "1:20"}),
        ("a: 2026-01-01", {"a": "2026-01-01"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: 1e3", {"a": 1000.0}),
        ("a: .5", {"a": 0.5}),
        ("a: .inf", {"a": ".inf"}),
        ("a: 1e999", {"a": "1e999"}),
        ("a: True", {"a": True}),
        ("a: 'true'", {"a": "true"}),
        ("a: !!str true", {"a": "true"}),
        ("1: a\ntrue: b", {"1": "a", "true": "b"}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("- [1, {a: b}]\n- x", [[1, {"a": "b"}], "x"]),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
    ],
)
def test_yaml_is_read(text: str, value: Json) -> None:
    result = parse_yaml(text)

    assert result == value
    assert type(result) is type(value)


def _bomb() -> str:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    lines += [
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]"
        for n in range(20)
    ]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(_bomb(), id="a billion laughs"),
        pytest.param("&a [*a]", id="a list in itself"),
        pytest.param("*a", id="an unknown alias"),
        pytest.param("a: 1\na: 2", id="a key twice"),
        pytest.param("<<: {a: 1}", id="a merge key"),
        pytest.param("? [a]\n: 1", id="a list as a key"),
        pytest.param("a: &x [1]\n? *x\n: 1", id="an alias as a key"),
        pytest.param("!!python/object/apply:os.system ['id']", id="a Python object"),
        pytest.param("a: !!binary aGk=", id="a tag"),
        pytest.param("!custom {a: 1}", id="a tag of one's own"),
        pytest.param("--- 1\n--- 2", id="two documents"),
        pytest.param("[" * 100_000, id="depth 100,000"),
        pytest.param("{a: " * 1_000, id="object depth 1,000"),
        pytest.param("- " * 5_000, id="list depth 5,000"),
        pytest.param("- 1\n" * 30_000, id="30,000 elements"),
        pytest.param("a: " + "9" * 5_000, id="5,000 digits"),
        pytest.param("\0", id="NUL"),
        pytest.param("a: [", id="an open list"),
        pytest.param("\ta: 1", id="a tab"),
        pytest.param("%YAML 9\n---\n", id="a directive"),
    ],
)
def test_what_is_no_plain_document_is_refused(text: str) -> None:
    with at_most(1.0), pytest.raises((InvalidInput, MalformedInput)):
        parse_yaml(text)


def test_errors_say_where() -> None:
    with pytest.raises(
        MalformedInput, match=r"the same key twice \(line 2, column 1\)"
    ):
        parse_yaml("a: 1\na: 2")


@given(values)
def test_json_is_yaml(value: Any) -> None:
    text = json.dumps(value)
    try:
        parsed = parse_yaml(text)
    except (InvalidInput, MalformedInput):
        # YAML knows no pairs of surrogates, which JSON needs for rare characters.
        assert "\\ud" in text
        return
    assert parsed == value


@given(st.text(max_size=40))
def test_any_text_is_yaml_or_refused(text: str) -> None:
    try:
        value = parse_yaml(text)
    except (InvalidInput, MalformedInput):
        return
    assert json.dumps(value)
    if "\0" not in json.dumps(value) and "\\u0000" not in json.dumps(value):
        check_json(value)
