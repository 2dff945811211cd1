"""Schemas of parameters, configurations and answers: flat, or JSON Schema.

A flat schema maps names to definitions (contract, c.9); an object with `type: object`
and `properties` is JSON Schema already. Values are checked by Draft 2020-12, without
ever fetching anything, in bounded time, and no message repeats a value.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from referencing import Registry

from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import Budget
from attune.domain.json import Json, JsonObject, format_place
from attune.domain.schema_document import MARKERS, SchemaReader
from attune.domain.schema_keyword import BUDGET, BoundedValidator

REDACTED: Final = "***"
"""Stands wherever a secret value is shown."""

_STEPS: Final = 20_000
_MOST_PROBLEMS: Final = 20
_SAME_VALUE: Final = ("allOf", "anyOf", "oneOf")
_SAME_VALUE_IF: Final = ("if", "then", "else")


def to_json_schema(schema: JsonObject | None) -> JsonObject:
    """Return the JSON Schema that a flat schema means; one that is none is itself."""
    if schema and not _is_flat(schema):
        return schema
    definitions = schema or {}
    required: list[Json] = [
        name for name, definition in definitions.items() if _is_required(definition)
    ]
    properties: JsonObject = {
        name: _without_markers(definition) for name, definition in definitions.items()
    }
    converted: JsonObject = {"type": "object", "properties": properties}
    return {**converted, "required": required} if required else converted


def _is_flat(schema: JsonObject) -> bool:
    if not all(isinstance(definition, dict) for definition in schema.values()):
        return False
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        return True
    # A parameter may be called "properties"; its definition has a type or the like.
    return not all(isinstance(each, dict) for each in properties.values())


def _is_required(definition: Json) -> bool:
    return isinstance(definition, dict) and definition.get("required") is True


def _without_markers(definition: Json) -> Json:
    if not isinstance(definition, dict):
        return definition
    return {
        keyword: value
        for keyword, value in definition.items()
        if keyword not in MARKERS
        and not (keyword == "required" and isinstance(value, bool))
    }


def check_schema(schema: JsonObject | None, where: str = "") -> list[str]:
    """Return what is wrong with a schema as it was written, each with its place."""
    if not schema:
        return []
    reader = SchemaReader()
    if _means_flat(schema):
        for name, definition in schema.items():
            if not name or len(name) > 255:  # noqa: PLR2004 - as any other name
                reader.problems.append(f"{where}: a name must have 1 to 255 characters")
            if not isinstance(definition, dict):
                at = format_place((where, name) if where else (name,))
                reader.problems.append(f"{at}: must be an object with a type")
    if not reader.problems:
        reader.read(_as_written(schema), where)
    return reader.problems


def _means_flat(schema: JsonObject) -> bool:
    """Tell whether a schema is flat, or is none and was meant to be."""
    if _is_flat(schema):
        return True
    return not any(
        keyword in schema
        for keyword in ("type", "properties", "$ref", "enum", "const", *_SAME_VALUE)
        if not isinstance(schema.get(keyword), dict) or keyword == "properties"
    )


def _as_written(schema: JsonObject) -> JsonObject:
    """Give a flat schema the shape of JSON Schema, with its markers left in."""
    return {"type": "object", "properties": schema} if _is_flat(schema) else schema


@dataclass(frozen=True, slots=True)
class _Compiled:
    problems: tuple[str, ...]
    """What is wrong with the schema itself."""
    validator: Any
    not_null: frozenset[str]
    """Parameters of which null says that they are not given."""


@lru_cache(maxsize=512)
def _compile(text: str) -> _Compiled:
    schema: JsonObject = json.loads(text)
    reader = SchemaReader()
    plain = reader.read(_as_written(schema))
    definitions = dict(_objects(schema)) if _is_flat(schema) else {}
    return _Compiled(
        tuple(check_schema(schema)),
        BoundedValidator(plain, registry=Registry()),
        frozenset(name for name, each in definitions.items() if not _takes_null(each)),
    )


def _takes_null(definition: JsonObject) -> bool:
    types = definition.get("type")
    return "null" in (types if isinstance(types, list) else [types])


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a part of a value, and which keyword says so."""

    path: tuple[str | int, ...]
    keyword: str
    message: str

    def text(self, where: str) -> str:
        """Return the message with its place below `where`."""
        place = format_place((where, *self.path) if where else self.path)
        return f"{place}: {self.message}" if place else self.message


def validate(schema: JsonObject | None, value: Json, where: str = "") -> list[str]:
    """Return what is wrong with a value, each with its place and what would be right.

    With a flat schema null is as good as nothing, enough for what is optional and not
    for what is required. A schema that is broken itself lets nothing pass.
    """
    return [problem.text(where) for problem in find_problems(schema, value)]


def find_problems(schema: JsonObject | None, value: Json) -> list[Problem]:
    """Return what `validate` tells, before it is text."""
    if not schema:
        return []
    compiled = _compile(json.dumps(schema))
    if compiled.problems:
        wrong = "; ".join(compiled.problems)
        return [Problem((), "schema", f"its schema is wrong: {wrong}")]
    if compiled.not_null and isinstance(value, dict):
        value = {
            name: given
            for name, given in value.items()
            if given is not None or name not in compiled.not_null
        }
    try:
        return _problems(compiled.validator, value)
    except InvalidInput:
        return [Problem((), "schema", "takes too long to check against its schema")]
    except RecursionError:
        return [Problem((), "schema", "is nested too deeply for its schema")]


def _problems(validator: Any, value: Json) -> list[Problem]:
    token = BUDGET.set(Budget(_STEPS))
    try:
        return [
            Problem(tuple(error.absolute_path), error.validator, error.message)
            for error in islice(validator.iter_errors(value), _MOST_PROBLEMS)
        ]
    finally:
        BUDGET.reset(token)


def missing_required(
    schema: JsonObject | None, values: Mapping[str, Json]
) -> list[str]:
    """Return the names of required parameters that are absent or null."""
    required = to_json_schema(schema).get("required")
    names = required if isinstance(required, list) else []
    return [
        name for name in names if isinstance(name, str) and values.get(name) is None
    ]


def apply_defaults(schema: JsonObject | None, values: Mapping[str, Json]) -> JsonObject:
    """Return the values with the defaults of parameters that were not given.

    A default of null is none, and a null that was given stays.
    """
    completed = dict(values)
    for name, definition in _parameters(schema or {}):
        default = definition.get("default")
        if default is not None and name not in completed:
            completed[name] = deepcopy(default)
    return completed


def secret_names(schema: JsonObject | None) -> frozenset[str]:
    """Return the parameters that are secret, or have a secret anywhere within them."""
    if not schema:
        return frozenset()
    # Where definitions are shared, a reference may lead to a secret one.
    shared = [schema.get("$defs"), schema.get("definitions")]
    shares_secret = not _is_flat(schema) and any(map(_has_secret, shared))
    return frozenset(
        name
        for name, definition in _parameters(schema)
        if _has_secret(definition) or (shares_secret and _has_reference(definition))
    )


def without(schema: JsonObject, names: Collection[str]) -> JsonObject:
    """Return the schema without these parameters: whatever they are given is right."""
    if not names or not schema:
        return schema
    if _is_flat(schema):
        return {name: each for name, each in schema.items() if name not in names}
    properties, required = schema.get("properties"), schema.get("required")
    loosened = dict(schema)
    if isinstance(properties, dict):
        open_ones: JsonObject = {n: {} for n in names if n in properties}
        loosened["properties"] = {**properties, **open_ones}
    if isinstance(required, list):
        loosened["required"] = [name for name in required if name not in names]
    return loosened


def redact(schema: JsonObject | None, values: Mapping[str, Json]) -> JsonObject:
    """Return the values with `***` for each that is secret and not null."""
    secrets = secret_names(schema)
    return {
        name: REDACTED if name in secrets and value is not None else value
        for name, value in values.items()
    }


def _parameters(schema: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """Give each name that the schema defines for the value itself."""
    if _is_flat(schema):
        yield from _objects(schema)
        return
    yield from _objects(schema.get("properties"))
    for keyword in _SAME_VALUE:
        forms = schema.get(keyword)
        for form in forms if isinstance(forms, list) else []:
            if isinstance(form, dict):
                yield from _parameters({"type": "object", **form})
    for keyword in _SAME_VALUE_IF:
        form = schema.get(keyword)
        if isinstance(form, dict):
            yield from _parameters({"type": "object", **form})


def _objects(value: Json) -> Iterator[tuple[str, JsonObject]]:
    if isinstance(value, dict):
        for name, definition in value.items():
            if isinstance(definition, dict):
                yield name, definition


def _has_secret(value: Json) -> bool:
    if isinstance(value, dict):
        return value.get("secret") is True or any(map(_has_secret, value.values()))
    return isinstance(value, list) and any(map(_has_secret, value))


def _has_reference(value: Json) -> bool:
    if isinstance(value, dict):
        return "$ref" in value or any(map(_has_reference, value.values()))
    return isinstance(value, list) and any(map(_has_reference, value))
