"""References: what is stored never holds a secret, what a worker gets does."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.errors import InvalidInput
from attune.domain.json import JsonObject
from attune.domain.reference import References, Source, fill, sources
from attune.domain.template import render

KEY: Source = {"key": "slack.token"}
PARAMETER: Source = {"execution": 7, "parameter": "password"}


def extracted(template: Any) -> tuple[JsonObject, list[Any]]:
    """Render a template that reads two secrets, and take them out."""
    references = References("n0nce")
    scope: JsonObject = {
        "keystore": {"slack": {"token": references.mark(KEY)}},
        "parameters": {"password": references.mark(PARAMETER), "user": "ada"},
    }
    rendered = render({"input": template}, scope)
    assert isinstance(rendered, dict)
    return references.extract(rendered)


def test_a_secret_alone_is_replaced_as_a_whole() -> None:
    stored, found = extracted("{{ keystore.slack.token }}")

    assert stored == {"input": "***"}
    assert found == [{"path": ["input"], "parts": [KEY]}]


def test_a_secret_within_a_text_leaves_the_rest() -> None:
    stored, found = extracted(
        "Bearer {{ keystore.slack.token }}:{{ parameters.password }}"
    )

    assert stored == {"input": "Bearer ***:***"}
    assert found == [{"path": ["input"], "parts": ["Bearer ", KEY, ":", PARAMETER]}]


def test_secrets_are_found_at_any_depth() -> None:
    stored, found = extracted(
        {"a": ["x", {"b": "{{ parameters.password }}"}], "c": "{{ parameters.user }}"}
    )

    assert stored == {"input": {"a": ["x", {"b": "***"}], "c": "ada"}}
    assert found == [{"path": ["input", "a", 1, "b"], "parts": [PARAMETER]}]


def test_a_whole_object_of_parameters_holds_references() -> None:
    stored, found = extracted("{{ parameters }}")

    assert stored == {"input": {"password": "***", "user": "ada"}}
    assert found == [{"path": ["input", "password"], "parts": [PARAMETER]}]


def test_a_marker_survives_being_written_as_json() -> None:
    stored, found = extracted("all: {{ parameters }}")

    assert stored == {"input": 'all: {"password":"***","user":"ada"}'}
    assert found[0]["parts"] == ['all: {"password":"', PARAMETER, '","user":"ada"}']


def test_a_secret_in_a_key_is_only_hidden() -> None:
    stored, found = extracted("{{ {parameters.password: 1} }}")

    assert stored == {"input": {"***": 1}}
    assert found == []


def test_only_the_own_markers_mean_anything() -> None:
    references = References("n0nce")
    fake: JsonObject = {"a": References("other").mark(KEY), "b": "n0nce [ref:n0nce:x]"}

    assert references.extract(fake) == (fake, [])


def test_the_same_secret_has_one_marker() -> None:
    references = References("n0nce")

    assert references.mark(dict(KEY)) == references.mark(dict(KEY))
    assert references.mark(KEY) != references.mark(PARAMETER)


def test_paths_below_the_keystore_are_refs_of_keys() -> None:
    references = References("n")
    keystore = references.keystore(
        [("a",), ("b", "c"), ("b", "d.e"), ("b.c",), ()], {"author": 1}
    )

    stored, found = references.extract(keystore)

    assert stored == {"a": "***", "b.c": "***", "b.d.e": "***"}
    assert [each["parts"] for each in found] == [
        [{"key": "a", "author": 1}],
        [{"key": "b.c", "author": 1}],
        [{"key": "b.d.e", "author": 1}],
    ]


def test_filling_puts_the_values_where_they_belong() -> None:
    stored, found = extracted(
        {
            "alone": "{{ keystore.slack.token }}",
            "twice": "{{ keystore.slack.token }} {{ keystore.slack.token }}",
            "list": ["{{ parameters.password }}", 1],
        }
    )

    assert sources(found) == [KEY, PARAMETER]
    assert fill(stored, found, [{"t": 1}, "pw"]) == {
        "input": {"alone": {"t": 1}, "twice": '{"t":1} {"t":1}', "list": ["pw", 1]}
    }
    assert stored["input"] == {"alone": "***", "twice": "*** ***", "list": ["***", 1]}


def test_references_to_something_else_are_refused() -> None:
    with pytest.raises(InvalidInput, match="not those"):
        fill({"a": [1]}, [{"path": ["a", 3], "parts": [KEY]}], ["x"])


_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just("SECRET"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), _values), st.text(min_size=1))
def test_what_is_taken_out_and_filled_in_again_is_the_same(
    parameters: JsonObject, secret: str
) -> None:
    references = References("n0nce")
    text = json.dumps(parameters).replace('"SECRET"', json.dumps(references.mark(KEY)))
    expected = json.loads(
        json.dumps(parameters).replace('"SECRET"', json.dumps(f"{secret}"))
    )

    stored, found = references.extract(json.loads(text))
    values = [secret for _ in sources(found)]

    assert "n0nce" not in json.dumps(stored)
    assert _unkeyed(fill(stored, json.loads(json.dumps(found)), values)) == _unkeyed(
        expected
    )


def _unkeyed(value: Any) -> Any:
    """Leave out what has a marker for a key: no value is put there."""
    if isinstance(value, dict):
        return [_unkeyed(each) for each in value.values()]
    return [_unkeyed(each) for each in value] if isinstance(value, list) else value
