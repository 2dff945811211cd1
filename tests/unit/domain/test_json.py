"""Reading JSON strictly, and storing what a process wrote."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.errors import AttuneError, InvalidInput, MalformedInput
from attune.domain.json import (
    JsonLimits,
    check_json,
    format_place,
    parse_json,
    replace_unstorable,
)
from tests.support.cpu_time import at_most
from tests.support.json_values import values


@given(values)
def test_what_json_writes_is_read_exactly(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_by_name(raw: bytes) -> None:
    try:
        value = parse_json(raw)
    except (InvalidInput, MalformedInput):
        return
    check_json(value)


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        pytest.param(b"", MalformedInput, id="nothing"),
        pytest.param(b"{", MalformedInput, id="truncated"),
        pytest.param(b"{} {}", MalformedInput, id="two documents"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', MalformedInput, id="BOM"),
        pytest.param('{"a": 1}'.encode("utf-16"), MalformedInput, id="UTF-16"),
        pytest.param('{"a": 1}'.encode("utf-16-le"), MalformedInput, id="UTF-16 bare"),
        pytest.param(b'"\xff"', MalformedInput, id="invalid UTF-8"),
        pytest.param(b'"\xed\xa0\x80"', MalformedInput, id="encoded surrogate"),
        pytest.param(b'"\x00"', MalformedInput, id="raw NUL"),
        pytest.param(b'"\x01"', MalformedInput, id="raw control byte"),
        pytest.param(b'["\\u0000"]', InvalidInput, id="NUL"),
        pytest.param(b'{"\\u0000": 1}', InvalidInput, id="NUL in a key"),
        pytest.param(b'["\\ud800"]', InvalidInput, id="lone surrogate"),
        pytest.param(b'["\\uDFFF"]', InvalidInput, id="lone low surrogate"),
        pytest.param(b'{"\\ud800": 1}', InvalidInput, id="lone surrogate in a key"),
        pytest.param(b"NaN", MalformedInput, id="NaN"),
        pytest.param(b"[Infinity]", MalformedInput, id="Infinity"),
        pytest.param(b"[-Infinity]", MalformedInput, id="-Infinity"),
        pytest.param(b"[1e400]", InvalidInput, id="1e400"),
        pytest.param(b"[-1e400]", InvalidInput, id="-1e400"),
        pytest.param(b"1" + b"0" * 250 + b"e99", InvalidInput, id="long and large"),
        pytest.param(b"1" * 5000, MalformedInput, id="5,000 digits"),
        pytest.param(b"[" * 65 + b"]" * 65, MalformedInput, id="depth 65"),
        pytest.param(b"[" * 900 + b"]" * 900, MalformedInput, id="depth 900"),
        pytest.param(b"[" * 5000 + b"]" * 5000, MalformedInput, id="depth 5,000"),
        pytest.param(b"[" * 10**6, MalformedInput, id="depth 1,000,000"),
        pytest.param(b'{"a":' * 10**6, MalformedInput, id="object depth 1,000,000"),
        pytest.param(b"[" + b"1," * 10_000 + b"1]", InvalidInput, id="10,001 elements"),
        pytest.param(
            json.dumps(dict.fromkeys(map(str, range(10_001)))).encode(),
            InvalidInput,
            id="10,001 keys",
        ),
    ],
)
def test_bad_input_of_the_catalogue_is_refused(
    raw: bytes, error: type[AttuneError]
) -> None:
    with at_most(0.5), pytest.raises(error):
        parse_json(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"9007199254740993", 2**53 + 1),
        (b"9223372036854775808", 2**63),
        (b"1" * 4000, int("1" * 4000)),
        (b"-0", 0),
        (b"1.0", 1.0),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\\\u0000"', "\\u0000"),
        (b" \n[ ] ", []),
        (b"[" * 64 + b"]" * 64, None),
        (b"[" + b"1," * 9_999 + b"1]", [1] * 10_000),
    ],
)
def test_unusual_but_sound_input_is_read_exactly(raw: bytes, value: Any) -> None:
    parsed = parse_json(raw)

    assert value is None or parsed == value


def test_a_key_twice_is_refused_only_where_that_is_asked() -> None:
    raw = b'{"a": {"b": 1, "b": 2}}'

    assert parse_json(raw) == {"a": {"b": 2}}
    with pytest.raises(MalformedInput):
        parse_json(raw, refuse_duplicates=True)


def test_errors_name_the_place_and_do_not_repeat_the_value() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_json(b'{"list": [1, {"url": "hunter2\\u0000"}]}')

    assert "list[1].url" in refused.value.message
    assert "hunter2" not in refused.value.message


def test_limits_can_be_set() -> None:
    with pytest.raises(MalformedInput):
        parse_json(b"[[1]]", JsonLimits(depth=1))
    with pytest.raises(InvalidInput):
        parse_json(b"[1, 2, 3]", JsonLimits(elements=2))


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        "\0",
        "\ud800",
        {"\0": 1},
        {1: 1},
        (1, 2),
        object(),
        b"x",
        {"a": [set()]},
    ],
)
def test_values_that_are_not_json_are_found(value: object) -> None:
    with pytest.raises(InvalidInput):
        check_json(value)


def test_shared_parts_count_as_often_as_they_appear() -> None:
    bomb: object = "x"
    for _ in range(60):
        bomb = [bomb] * 10

    with at_most(0.5), pytest.raises(InvalidInput):
        check_json(bomb)
    with at_most(2):
        assert replace_unstorable(bomb)[1] is not None


def test_a_value_that_holds_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(InvalidInput):
        check_json(endless)
    assert replace_unstorable(endless) == (None, "nested deeper than 64 levels")


@given(values)
def test_what_can_be_stored_is_stored_unchanged(value: Any) -> None:
    assert replace_unstorable(value) == (value, None)


weird = st.recursive(
    st.one_of(st.floats(), st.text(st.characters(), max_size=5), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(st.characters(), max_size=2), inner, max_size=4),
    ),
    max_leaves=8,
)


@given(weird)
def test_what_is_replaced_can_be_stored_and_loses_no_key(value: Any) -> None:
    stored, reason = replace_unstorable(value)

    assert reason is None
    check_json(stored)
    if isinstance(value, dict):
        assert isinstance(stored, dict)
        assert len(stored) == len(value)


def test_replacements_are_the_documented_ones() -> None:
    value = {"a\0": "x\ud800y", "a\ufffd": float("nan"), "b": [float("inf")]}

    stored, _ = replace_unstorable(value)

    assert stored == {"a\ufffd\ufffd": "x\ufffdy", "a\ufffd": None, "b": [None]}


def test_too_deep_a_document_is_none_with_a_reason() -> None:
    deep: object = 1
    for _ in range(5000):
        deep = [deep]

    assert replace_unstorable(deep) == (None, "nested deeper than 64 levels")


def test_a_place_is_written_as_people_do() -> None:
    assert format_place(("action_params", "items", 2, "url")) == (
        "action_params.items[2].url"
    )
    assert format_place(()) == ""
