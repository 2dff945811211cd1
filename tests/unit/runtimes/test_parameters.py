"""The documents in which a process reads its parameters."""

import json
import shlex

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attune.domain.action import ParameterFormat
from attune.domain.errors import InvalidInput
from attune.domain.json import JsonObject
from attune.runtimes.parameters import parameter_document, quote

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)

NESTED: JsonObject = {
    "url": "https://example.com/?a=1&b='x'",
    "headers": {"Accept": "text/plain", "X": {"Y": 1}},
    "tags": ["a", {"b": None}],
    "nothing": None,
    "yes": True,
    "no": False,
    "ratio": 0.5,
    "lines": "one\ntwo",
    "größe": "übergroß",
}


DOTENV = r"""headers.Accept='text/plain'
headers.X.Y='1'
lines='one
two'
no='false'
nothing=''
ratio='0.5'
tags='["a", {"b": null}]'
url='https://example.com/?a=1&b='\''x'\'''
yes='true'
"""


def test_json_is_one_object_on_one_line() -> None:
    document = parameter_document(NESTED, ParameterFormat.JSON)

    assert document.count(b"\n") == 1
    assert document.endswith(b"\n")
    assert json.loads(document) == NESTED
    assert "übergroß".encode() in document


def test_json_of_no_parameters_is_an_empty_object() -> None:
    assert parameter_document({}, ParameterFormat.JSON) == b"{}\n"


def test_dotenv_is_sorted_flat_and_quoted() -> None:
    values = {name: NESTED[name] for name in NESTED if name != "größe"}

    document = parameter_document(values, ParameterFormat.DOTENV).decode()

    assert document == DOTENV


@pytest.mark.parametrize("name", ["a b", "a\nb", "a=b", "a'b", "", "a`b", "$(x)"])
def test_name_that_dotenv_cannot_spell_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="dotenv"):
        parameter_document({name: "x"}, ParameterFormat.DOTENV)


def test_yaml_is_a_mapping_with_the_same_values() -> None:
    document = parameter_document(NESTED, ParameterFormat.YAML)

    assert yaml.safe_load(document) == NESTED


@given(TEXT)
def test_quoted_text_is_one_word_of_a_shell(text: str) -> None:
    assert shlex.split(quote(text)) == [text]


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(TEXT, JSON_VALUES, max_size=5))
def test_any_parameters_survive_json(values: JsonObject) -> None:
    document = parameter_document(values, ParameterFormat.JSON)

    assert json.loads(document) == values
    assert document.count(b"\n") == 1
