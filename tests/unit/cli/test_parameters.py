import json
from pathlib import Path
from typing import Any

import pytest

from attune.cli.errors import CommandError
from attune.cli.exit_code import ExitCode
from attune.cli.parameters import Parameters

SCHEMA = {
    "message": {"type": "string", "required": True, "description": "what to say"},
    "count": {"type": "integer", "default": 1, "description": "how often"},
    "ratio": {"type": "number"},
    "loud": {"type": "boolean"},
    "tags": {"type": "array", "items": {"type": "string"}},
    "numbers": {"type": "array", "items": {"type": "integer"}},
    "options": {"type": "object"},
    "mode": {"type": "string", "enum": ["fast", "slow"]},
    "token": {"type": "string", "secret": True, "required": True},
    "maybe": {"type": ["integer", "null"]},
    "free": {},
}


@pytest.fixture
def parameters() -> Parameters:
    return Parameters.of_schema(SCHEMA)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("message=hello world", "hello world"),
        ("message=42", "42"),
        ("message=a=b", "a=b"),
        ("message=", ""),
        ("count=-3", -3),
        ("ratio=2", 2),
        ("ratio=0.5", 0.5),
        ("loud=yes", True),
        ("loud=FALSE", False),
        ("tags=a, b", ["a", "b"]),
        ("tags=", []),
        ('tags=["a,b"]', ["a,b"]),
        ("numbers=1,2", [1, 2]),
        ('options={"a": 1}', {"a": 1}),
        ("mode=slow", "slow"),
        ("maybe=null", None),
        ("maybe=4", 4),
        ("free=17", "17"),
        ("free:=17", 17),
        ('free:={"a": [1]}', {"a": [1]}),
        ("message:=null", None),
    ],
)
def test_a_word_is_read_as_the_declared_type(
    parameters: Parameters, word: str, value: Any
) -> None:
    name = word.partition("=")[0].rstrip(":")

    assert parameters.parse([word]) == {name: value}


@pytest.mark.parametrize(
    ("word", "complaint"),
    [
        ("count=three", "'three' is not a whole number for count (integer): how often"),
        ("count=1.5", "not a whole number"),
        ("ratio=nan", "not a number that JSON has"),
        ("ratio=much", "not a number"),
        ("loud=perhaps", "neither true nor false"),
        ("numbers=1,x", "not a list of integer values"),
        ("options=3", "not a JSON object"),
        ("options={", "not valid JSON"),
        ("mode=medium", "must be one of fast, slow"),
        ("maybe=x", "not a whole number and not null"),
        ("free:={", "not valid JSON"),
        ("free:=NaN", "NaN is not JSON"),
        ("mesage=hi", "did you mean 'message'?"),
        ("zzz=1", "there are: message, count"),
        ("message", "must be key=value, key:=json or @file.json"),
        ("=x", "must be key=value"),
    ],
)
def test_a_wrong_word_is_refused_with_a_reason(
    parameters: Parameters, word: str, complaint: str
) -> None:
    with pytest.raises(CommandError) as refused:
        parameters.parse([word])

    assert complaint in "\n".join(refused.value.lines())
    assert refused.value.code is ExitCode.USAGE


def test_all_mistakes_are_reported_at_once(parameters: Parameters) -> None:
    with pytest.raises(CommandError) as refused:
        parameters.parse(["count=x", "loud=x", "other=1"])

    assert len(refused.value.bullets) == 3


def test_a_secret_value_is_not_repeated_in_a_complaint() -> None:
    parameters = Parameters.of_schema({"pin": {"type": "integer", "secret": True}})

    with pytest.raises(CommandError) as refused:
        parameters.parse(["pin=hunter2"])

    assert "hunter2" not in "\n".join(refused.value.lines())


def test_a_later_word_wins(parameters: Parameters) -> None:
    assert parameters.parse(["count=1", "count=2"]) == {"count": 2}


def test_a_file_gives_many_parameters(parameters: Parameters, tmp_path: Path) -> None:
    as_json = tmp_path / "some.json"
    as_json.write_text(json.dumps({"message": "hi", "count": 2}))
    as_yaml = tmp_path / "more.yaml"
    as_yaml.write_text("count: 3\n")

    assert parameters.parse([f"@{as_json}", f"@{as_yaml}"]) == {
        "message": "hi",
        "count": 3,
    }


@pytest.mark.parametrize("content", ["[1]", "{", "\xff"])
def test_a_file_without_an_object_is_refused(
    parameters: Parameters, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content.encode("latin-1"))

    with pytest.raises(CommandError):
        parameters.parse([f"@{path}"])


def test_a_file_that_is_not_there_is_refused(parameters: Parameters) -> None:
    with pytest.raises(CommandError, match="cannot read"):
        parameters.parse(["@/nowhere.json"])


def test_required_parameters_without_value_or_default_are_missing(
    parameters: Parameters,
) -> None:
    missing = parameters.missing({"message": "hi"})

    assert [each.name for each in missing] == ["token"]
    assert missing[0].secret


def test_a_template_keeps_its_text_whatever_the_type(parameters: Parameters) -> None:
    words = ["count={{ event.payload.n }}", "mode={{ x }}"]

    assert parameters.parse(words, templates=True) == {
        "count": "{{ event.payload.n }}",
        "mode": "{{ x }}",
    }


def test_a_json_schema_is_read_as_well() -> None:
    parameters = Parameters.of_schema(
        {
            "type": "object",
            "properties": {"n": {"type": "integer"}},
            "required": ["n"],
        }
    )

    assert parameters.parse(["n=1", "other=x"]) == {"n": 1, "other": "x"}
    assert [each.name for each in parameters.missing({})] == ["n"]


@pytest.mark.parametrize("schema", [None, {}, []])
def test_without_a_schema_every_word_is_text(schema: Any) -> None:
    parameters = Parameters.of_schema(schema)

    assert parameters.parse(["a=1", "b:=1"]) == {"a": "1", "b": 1}


def test_parameters_named_type_or_properties_are_parameters() -> None:
    parameters = Parameters.of_schema({"type": {"type": "integer"}})

    assert parameters.parse(["type=1"]) == {"type": 1}


def test_a_schema_that_names_nothing_leaves_everything_open() -> None:
    parameters = Parameters.of_schema({"type": "object", "minProperties": 1})

    assert parameters.declared == {}
    assert parameters.parse(["a=b"]) == {"a": "b"}
