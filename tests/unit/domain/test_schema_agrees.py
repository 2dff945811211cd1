"""Our bounded validation says the same as the library it builds upon."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from attune.domain.json import Json, JsonObject
from attune.domain.schema import check_schema, validate

numbers = st.integers(-3, 3) | st.sampled_from([0.5, 1.0, -1.5])
words = st.sampled_from(["a", "b", "ab", "abc", ""])
leaves: st.SearchStrategy[Json] = st.one_of(st.none(), st.booleans(), numbers, words)
instances: st.SearchStrategy[Json] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["a", "b", "ab"]), inner, max_size=3),
    ),
    max_leaves=8,
)
types = st.sampled_from(
    ["string", "number", "integer", "boolean", "array", "object", "null"]
)


def _schemas(inner: Any) -> Any:
    lists = st.lists(inner, min_size=1, max_size=3)
    maps = st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
    counts = st.integers(0, 3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.one_of(types, st.lists(types, min_size=1, max_size=2)),
            "enum": st.lists(instances, min_size=1, max_size=3),
            "const": instances,
            "minimum": numbers,
            "exclusiveMaximum": numbers,
            "multipleOf": st.sampled_from([1, 2, 0.5]),
            "minLength": counts,
            "maxLength": counts,
            "pattern": st.sampled_from(["^a", "b$", "a.*b"]),
            "minItems": counts,
            "maxItems": counts,
            "uniqueItems": st.booleans(),
            "contains": inner,
            "minContains": counts,
            "maxContains": counts,
            "prefixItems": lists,
            "items": inner,
            "required": st.lists(st.sampled_from(["a", "b"]), max_size=2),
            "properties": maps,
            "patternProperties": maps,
            "additionalProperties": inner,
            "propertyNames": inner,
            "minProperties": counts,
            "dependentRequired": st.fixed_dictionaries({"a": st.just(["b"])}),
            "dependentSchemas": maps,
            "allOf": lists,
            "anyOf": lists,
            "oneOf": lists,
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
        },
    )


schemas = st.recursive(
    st.one_of(st.booleans(), st.just({}), st.builds(lambda t: {"type": t}, types)),
    _schemas,
    max_leaves=6,
)


@settings(max_examples=200)
@given(schemas, instances)
def test_a_value_is_valid_here_if_and_only_if_it_is_there(
    schema: Any, instance: Json
) -> None:
    document: JsonObject = {"type": "object", "properties": {"x": schema}}

    assert check_schema(document) == []
    assert (validate(document, {"x": instance}) == []) == Draft202012Validator(
        document
    ).is_valid({"x": instance})
