"""Flat schemas, and what values have to be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.json import Json, JsonObject
from attune.domain.schema import (
    apply_defaults,
    check_schema,
    missing_required,
    redact,
    secret_names,
    to_json_schema,
    validate,
)
from tests.support.cpu_time import at_most
from tests.support.json_values import objects, values

FLAT: JsonObject = {
    "message": {"type": "string", "required": True, "description": "What to say"},
    "count": {"type": "integer", "default": 1, "minimum": 1, "maximum": 10},
    "token": {"type": "string", "secret": True},
    "mode": {"type": "string", "enum": ["a", "b"]},
    "tags": {"type": "array", "items": {"type": "string"}},
    "when": {"type": "string", "format": "date-time", "position": 2},
}


def of(definition: Json) -> JsonObject:
    return {"x": definition}


def test_a_flat_schema_becomes_json_schema() -> None:
    assert to_json_schema(FLAT) == {
        "type": "object",
        "properties": {
            "message": {"type": "string", "description": "What to say"},
            "count": {"type": "integer", "default": 1, "minimum": 1, "maximum": 10},
            "token": {"type": "string"},
            "mode": {"type": "string", "enum": ["a", "b"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "when": {"type": "string", "format": "date-time"},
        },
        "required": ["message"],
    }


@pytest.mark.parametrize("schema", [None, {}])
def test_nothing_is_no_parameters(schema: JsonObject | None) -> None:
    assert to_json_schema(schema) == {"type": "object", "properties": {}}
    assert check_schema(schema) == []
    assert validate(schema, {"anything": 1}) == []
    assert apply_defaults(schema, {"a": 1}) == {"a": 1}
    assert secret_names(schema) == frozenset()


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}},
        {"type": "boolean"},
        {"properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"anyOf": [{"type": "string"}]},
    ],
)
def test_json_schema_is_passed_through(schema: JsonObject) -> None:
    assert to_json_schema(schema) == schema


def test_a_parameter_may_have_the_name_of_a_keyword() -> None:
    schema: JsonObject = {
        "type": {"type": "string"},
        "properties": {"type": "string"},
        "required": {"type": "integer", "required": True},
    }

    assert check_schema(schema) == []
    assert validate(schema, {"type": "a", "properties": "b", "required": 1}) == []
    assert validate(schema, {"type": 1}, "p") == [
        "p.type: must be of type string",
        "p.required: is required",
    ]


def test_sound_values_pass() -> None:
    values: JsonObject = {
        "message": "hi",
        "count": 10,
        "mode": "a",
        "tags": ["a"],
        "when": "2026-01-01T00:00:00.123456789+02:00",
        "unknown": object.__name__,
    }

    assert validate(FLAT, values) == []
    assert validate(FLAT, {"message": "hi", "count": 2.0}) == []


def test_each_problem_names_its_place_and_what_would_be_right() -> None:
    values: JsonObject = {
        "count": 30,
        "token": 5,
        "mode": "hunter2",
        "tags": ["a", 1],
        "when": "2026-01-01T00:00:00",
    }

    assert sorted(validate(FLAT, values, "parameters")) == [
        "parameters.count: must be at most 10",
        "parameters.message: is required",
        'parameters.mode: must be one of "a", "b"',
        "parameters.tags[1]: must be of type string",
        "parameters.token: must be of type string",
        'parameters.when: must have the format "date-time"',
    ]


def test_null_is_as_good_as_nothing_for_a_parameter() -> None:
    assert validate(FLAT, {"message": "a", "count": None}) == []
    assert validate(FLAT, {"message": None}) == ["message: is required"]
    nullable = of({"type": ["string", "null"], "required": True})
    assert validate(nullable, {"x": None}) == []
    json_schema: JsonObject = {"type": "object", "properties": of({"type": "string"})}
    assert validate(json_schema, {"x": None}) == ["x: must be of type string"]


@pytest.mark.parametrize(
    ("definition", "good", "bad"),
    [
        ({"type": "integer"}, 1, 1.5),
        ({"type": "integer"}, 1.0, True),
        ({"type": "number"}, 10**400, "1"),
        ({"type": "boolean"}, True, 1),
        ({"type": ["string", "null"]}, "a", 1),
        ({"const": {"a": 1}}, {"a": 1.0}, {"a": True}),
        ({"enum": [1, "a"]}, 1.0, True),
        ({"exclusiveMinimum": 1}, 2, 1),
        ({"exclusiveMaximum": 1}, 0, 1),
        ({"minimum": 0}, 10**400, -(10**400)),
        ({"multipleOf": 7}, 14, 15),
        ({"multipleOf": 0.1}, 0.3, 0.35),
        ({"multipleOf": 0.5}, 10**400, 0.3),
        ({"minLength": 2}, "äö", "a"),
        ({"maxLength": 2}, "ab", "abc"),
        ({"pattern": "^a+$"}, "aa", "ab"),
        ({"minItems": 1}, [1], []),
        ({"maxItems": 1}, [1], [1, 2]),
        ({"uniqueItems": True}, [1, True, "1"], [1, 1.0]),
        ({"uniqueItems": True}, [{"a": 1}, {"a": 2}], [{"a": [1]}, {"a": [1.0]}]),
        ({"contains": {"type": "string"}}, [1, "a"], [1]),
        ({"contains": {"type": "string"}, "maxContains": 1}, ["a"], ["a", "b"]),
        ({"contains": {"type": "string"}, "minContains": 0}, [1], 0),
        ({"items": False, "prefixItems": [{"type": "string"}]}, ["a"], ["a", 1]),
        ({"items": {"type": "integer"}}, [1, 2.0], [1, "a"]),
        ({"properties": {"a": {"required": True}}}, {"a": 1}, {}),
        ({"required": ["a"]}, {"a": None}, {}),
        ({"minProperties": 1}, {"a": 1}, {}),
        ({"maxProperties": 1}, {"a": 1}, {"a": 1, "b": 1}),
        ({"additionalProperties": False}, {}, {"a": 1}),
        ({"additionalProperties": {"type": "string"}}, {"a": "b"}, {"a": 1}),
        ({"patternProperties": {"^s_": {"type": "string"}}}, {"s_a": "b"}, {"s_a": 1}),
        ({"propertyNames": {"maxLength": 2}}, {"ab": 1}, {"abc": 1}),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1, "b": 1}, {"a": 1}),
        ({"dependentSchemas": {"a": {"required": ["b"]}}}, {"b": 1}, {"a": 1}),
        ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, 2, 4),
        ({"anyOf": [{"type": "string"}, {"minimum": 3}]}, 3, 1),
        ({"oneOf": [{"type": "integer"}, {"minimum": 3}]}, 1, 4),
        ({"not": {"type": "string"}}, 1, "a"),
        ({"if": {"type": "string"}, "then": {"minLength": 2}}, 1, "a"),
        ({"if": {"type": "string"}, "else": {"minimum": 2}}, "a", 1),
        ({"format": "date"}, "2026-02-28", "2026-02-30"),
        ({"format": "date-time"}, "2026-01-01T00:00:00Z", "2016-12-31T23:59:60Z"),
        ({"format": "time"}, "12:00:00Z", "25:00:00Z"),
        ({"format": "duration"}, "P1DT12H", "P"),
        ({"format": "email"}, "a@example.org", "a"),
        ({"format": "hostname"}, "db1.example.org", "-a"),
        ({"format": "ipv4"}, "192.0.2.1", "192.0.2.256"),
        ({"format": "ipv6"}, "2001:db8::1", "2001::db8::1"),
        ({"format": "uri"}, "https://example.org/a?b#c", "example"),
        ({"format": "uuid"}, "12345678-1234-1234-1234-123456789abc", "1234"),
        ({"format": "regex"}, "a+", "(?=a)"),
        ({"format": "unknown"}, "anything", None),
    ],
)
def test_keywords(definition: JsonObject, good: Json, bad: Json) -> None:
    assert check_schema(of(definition)) == []
    assert validate(of(definition), {"x": good}) == []
    if bad is not None:
        wrapped: JsonObject = {"type": "object", "properties": of(definition)}
        accepted = definition.get("minContains") == 0
        assert bool(validate(wrapped, {"x": bad})) is not accepted


def test_no_message_repeats_a_value() -> None:
    secret = "hunter2"
    definitions: list[JsonObject] = [
        {"type": "integer"}, {"enum": [1]}, {"const": 1}, {"minLength": 99},
        {"maxLength": 1}, {"pattern": "^x$"}, {"format": "uuid"}, {"not": {}},
        {"anyOf": [{"type": "integer"}]}, {"oneOf": [{"type": "integer"}]},
    ]  # fmt: skip

    problems = [
        problem
        for definition in definitions
        for problem in validate(of(definition), {"x": secret})
    ]
    problems += validate(of({"additionalProperties": False}), {"x": {secret: 1}})
    problems += validate({"x": {"items": False}}, {"x": [secret]})

    assert len(problems) == len(definitions) + 2
    assert all(secret not in problem for problem in problems)


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"a": "string"}, "p.a"),
        ({"a": None}, "p.a"),
        ({"a": {"type": "strin"}}, "p.a.type"),
        ({"a": {"type": []}}, "p.a.type"),
        ({"a": {"minimum": "1"}}, "p.a.minimum"),
        ({"a": {"minimum": True}}, "p.a.minimum"),
        ({"a": {"minLength": -1}}, "p.a.minLength"),
        ({"a": {"multipleOf": 0}}, "p.a.multipleOf"),
        ({"a": {"pattern": "("}}, "p.a.pattern"),
        ({"a": {"pattern": "(?=a)"}}, "p.a.pattern"),
        ({"a": {"pattern": 5}}, "p.a.pattern"),
        ({"a": {"pattern": "a" * 1_001}}, "p.a.pattern"),
        ({"a": {"patternProperties": {"(": {}}}}, "p.a.patternProperties"),
        ({"a": {"enum": []}}, "p.a.enum"),
        ({"a": {"enum": "a"}}, "p.a.enum"),
        ({"a": {"items": [1]}}, "p.a.items"),
        ({"a": {"items": {"type": "x"}}}, "p.a.items.type"),
        ({"a": {"properties": {"b": 3}}}, "p.a.b"),
        ({"a": {"properties": []}}, "p.a.properties"),
        ({"a": {"anyOf": []}}, "p.a.anyOf"),
        ({"a": {"anyOf": [{"type": "x"}]}}, "p.a.anyOf[0].type"),
        ({"a": {"required": "yes"}}, "p.a.required"),
        ({"a": {"secret": "yes"}}, "p.a.secret"),
        ({"a": {"position": "1"}}, "p.a.position"),
        ({"a": {"$id": "https://example.org"}}, "p.a.$id"),
        ({"a": {"$schema": "https://example.org"}}, "p.a.$schema"),
        ({"a": {"$dynamicRef": "#a"}}, "p.a.$dynamicRef"),
        ({"a": {"unevaluatedProperties": False}}, "p.a.unevaluatedProperties"),
        ({"a": {"$ref": "https://example.org/schema"}}, "p.a.$ref"),
        ({"a": {"$ref": "file:///etc/passwd"}}, "p.a.$ref"),
        ({"a": {"$ref": "other.json"}}, "p.a.$ref"),
        ({"a": {"$ref": "#/$defs/none"}}, "p.a.$ref"),
        ({"a": {"$ref": 5}}, "p.a.$ref"),
        ({"a": {"default": {}, "$ref": "#/properties/a/default"}}, "p.a.$ref"),
    ],
)  # fmt: skip
def test_a_schema_that_means_nothing_is_found_when_saved(
    schema: JsonObject, place: str
) -> None:
    problems = check_schema(schema, "p")

    assert [problem.partition(": ")[0] for problem in problems] == [place]
    assert validate(schema, {"a": 1}) != []


def test_a_reference_within_the_document_is_followed() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/a~1b"}},
        "$defs": {"a/b": {"type": "string"}},
    }

    assert check_schema(schema) == []
    assert validate(schema, {"a": 1}) == ["a: must be of type string"]


def test_a_tree_may_refer_to_itself() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {"child": {"$ref": "#"}, "name": {"type": "string"}},
    }
    tree: JsonObject = {"name": 5}
    for _ in range(40):
        tree = {"child": tree}

    assert check_schema(schema) == []
    assert len(validate(schema, tree)) == 1


def _doubling(depth: int) -> JsonObject:
    definitions: JsonObject = {
        f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(depth)
    }
    return {
        "type": "object",
        "properties": {"x": {"$ref": "#/$defs/a0"}},
        "$defs": {**definitions, f"a{depth}": {"type": "string"}},
    }


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param({"$ref": "#"}, {}, id="a reference to itself"),
        pytest.param(_doubling(30), {"x": "a"}, id="a schema that doubles"),
        pytest.param(
            {"x": {"items": {"anyOf": [{"const": n} for n in range(500)]}}},
            {"x": list(range(9_000))},
            id="many forms of many elements",
        ),
        pytest.param(
            {"x": {"items": {"enum": [[n] for n in range(5_000)]}}},
            {"x": list(range(9_000))},
            id="long enum",
        ),
        pytest.param(
            {"x": {"items": {"pattern": "([01]{30}){20}1"}}},
            {"x": ["01" * 1_000] * 5_000},
            id="heavy pattern",
        ),
    ],
)
def test_a_slow_schema_is_stopped(schema: JsonObject, value: Json) -> None:
    with at_most(1.0):
        problems = validate(schema, value)

    assert len(problems) == 1


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ({"pattern": "^(a+)+$"}, "a" * 100_000 + "!"),
        ({"uniqueItems": True}, [{"a": number} for number in range(5_000)]),
        ({"type": "array", "items": {"type": "integer"}}, list(range(10_000))),
        ({"enum": ["a"] * 5_000}, "b"),
        ({"items": {"type": "string"}}, list(range(10_000))),
    ],
)
def test_a_large_value_is_checked_soon(definition: JsonObject, value: Json) -> None:
    with at_most(1.0):
        problems = validate(of(definition), {"x": value})

    assert "too long" not in "".join(problems)
    assert len(problems) <= 20


def test_a_monstrous_schema_is_refused() -> None:
    wide: JsonObject = {f"p{number}": {"type": "string"} for number in range(3_000)}
    deep: JsonObject = {"type": "string"}
    for _ in range(60):
        deep = {"properties": {"a": deep}}

    with at_most(0.5):
        assert len(check_schema(wide)) == 1
        assert len(check_schema(of(deep))) == 1
        assert check_schema(of({"items": {"not": False}})) == []


def test_defaults_fill_what_was_not_given() -> None:
    schema: JsonObject = {
        "a": {"default": [1]},
        "b": {"default": None},
        "c": {"default": False},
        "d": {},
    }

    filled = apply_defaults(schema, {"c": None, "e": 1})

    assert filled == {"a": [1], "c": None, "e": 1}
    assert filled["a"] is not schema["a"]["default"]  # type: ignore[index,call-overload] # an object
    assert apply_defaults({"type": "object", "properties": schema}, {}) == {
        "a": [1],
        "c": False,
    }


def test_missing_names_what_is_required() -> None:
    assert missing_required(FLAT, {"count": 1}) == ["message"]
    assert missing_required(FLAT, {"message": None}) == ["message"]
    assert missing_required(FLAT, {"message": ""}) == []


def test_a_secret_is_found_wherever_it_is() -> None:
    inner: JsonObject = {"type": "string", "secret": True}
    schema: JsonObject = {
        "plain": {"type": "string"},
        "token": inner,
        "db": {"type": "object", "properties": {"password": inner}},
        "keys": {"type": "array", "items": {"properties": {"value": inner}}},
        "any": {"anyOf": [{"type": "integer"}, inner]},
    }
    secrets = {"token", "db", "keys", "any"}

    assert secret_names(schema) == secrets
    assert secret_names({"type": "object", "properties": schema}) == secrets
    assert secret_names({"allOf": [{"properties": schema}]}) == secrets
    shared: JsonObject = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/s"}, "b": {"type": "string"}},
        "$defs": {"s": inner},
    }
    assert secret_names(shared) == {"a"}


def test_secrets_are_redacted() -> None:
    values: JsonObject = {"message": "hi", "token": "hunter2", "other": 1}

    assert redact(FLAT, values) == {"message": "hi", "token": "***", "other": 1}
    assert redact(FLAT, {"token": None}) == {"token": None}
    assert values["token"] == "hunter2"


_WORDS = (
    "type enum items properties required pattern minimum $ref anyOf not secret default"
    " format if const uniqueItems"
)
_keywords = st.sampled_from(_WORDS.split())
_schemas = st.dictionaries(
    st.one_of(_keywords, st.text(max_size=3)), values, max_size=4
)


@given(st.dictionaries(st.text(max_size=4), _schemas, max_size=3), objects)
def test_any_schema_and_value_give_an_answer(schema: Any, value: Any) -> None:
    problems = validate(schema, value)

    if check_schema(schema):
        assert problems
    assert isinstance(to_json_schema(schema), dict)
    redact(schema, value)
    apply_defaults(schema, value)
