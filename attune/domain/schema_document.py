"""Reads a JSON Schema as somebody wrote it: what is wrong with it, and its plain form.

The plain form has local references only, no `false` schemas, no dialect and no base
URI of its own, and a `required: true` inside a property has become the list it means.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Final, TypeAlias
from urllib.parse import unquote

from attune.domain.errors import InvalidInput
from attune.domain.json import Json, JsonObject, format_place
from attune.domain.pattern import compile_pattern
from attune.domain.schema_keyword import NOTHING

MAX_SCHEMAS: Final = 2_000
MAX_NESTING: Final = 32
_MOST_PROBLEMS: Final = 20

MARKERS: Final = frozenset({"secret", "position"})
"""What a parameter's definition may say beside JSON Schema; `required: true` too."""

_TYPES: Final = frozenset(
    {"string", "number", "integer", "boolean", "array", "object", "null"}
)
_ONE: Final = frozenset(
    {"not", "if", "then", "else", "contains", "propertyNames", "items"}
    | {"additionalProperties"}
)
_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_MAPS: Final = frozenset(
    {"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"}
)
_REFUSED: Final = frozenset(
    {"$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)


def _is_count(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Json) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and isfinite(value)  # type: ignore[arg-type] # a number by then


def _is_names(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_type(value: Json) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(n, str) and n in _TYPES for n in names)


_NUMBER: Final = (_is_number, "must be a number")
_COUNT: Final = (_is_count, "must be a whole number of 0 or more")
_RULES: Final[dict[str, tuple[Callable[[Json], bool], str]]] = {
    "type": (_is_type, f"must be one or several of {', '.join(sorted(_TYPES))}"),
    "minimum": _NUMBER,
    "maximum": _NUMBER,
    "exclusiveMinimum": _NUMBER,
    "exclusiveMaximum": _NUMBER,
    "multipleOf": (
        lambda value: _is_number(value) and float(str(value)) > 0,
        "must be a number above 0",
    ),
    "minLength": _COUNT,
    "maxLength": _COUNT,
    "minItems": _COUNT,
    "maxItems": _COUNT,
    "minContains": _COUNT,
    "maxContains": _COUNT,
    "minProperties": _COUNT,
    "maxProperties": _COUNT,
    "uniqueItems": (lambda value: isinstance(value, bool), "must be true or false"),
    "secret": (lambda value: isinstance(value, bool), "must be true or false"),
    "position": (lambda value: type(value) is int, "must be a whole number"),
    "format": (lambda value: isinstance(value, str), "must be a string"),
    "enum": (
        lambda value: isinstance(value, list) and bool(value),
        "must be a list of values",
    ),
    "required": (
        lambda value: isinstance(value, bool) or _is_names(value),
        "must be true, false or a list of names",
    ),
    "dependentRequired": (
        lambda value: isinstance(value, dict) and all(map(_is_names, value.values())),
        "must be an object of lists of names",
    ),
}

Place: TypeAlias = tuple[str | int, ...]


@dataclass
class SchemaReader:
    """Reads one document; collects what is wrong with it."""

    problems: list[str] = field(default_factory=list)
    _count: int = 0
    _is_too_large: bool = False
    _known: set[str] = field(default_factory=set)
    _refs: list[tuple[Place, str]] = field(default_factory=list)

    def read(self, schema: Json, where: str = "") -> Json:
        """Return the plain form of a whole document."""
        plain = self._schema(schema, (where,) if where else (), "")
        for place, ref in self._refs:
            if not ref.startswith("#") or unquote(ref[1:]) not in self._known:
                self._report(place, "$ref", "must name a schema of this document: #/…")
        return plain

    def _report(self, place: Place, keyword: str, problem: str) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            at = format_place((*place, keyword) if keyword else place)
            self.problems.append(f"{at}: {problem}" if at else problem)

    def _schema(self, schema: Json, place: Place, pointer: str) -> Json:
        self._count += 1
        self._known.add(pointer)
        if self._count > MAX_SCHEMAS or pointer.count("/") > MAX_NESTING * 2:
            # Said once: everything after it would be too much as well.
            if not self._is_too_large:
                self._report(place, "", "is too large or nested too deeply")
            self._is_too_large = True
            return NOTHING
        if isinstance(schema, bool):
            return {} if schema else NOTHING
        if not isinstance(schema, dict):
            self._report(place, "", "must be an object that describes the value")
            return NOTHING
        plain = {
            keyword: self._keyword(keyword, value, place, pointer)
            for keyword, value in schema.items()
            if self._is_kept(keyword, value, place, pointer)
        }
        return _with_required(plain, schema)

    def _is_kept(self, keyword: str, value: Json, place: Place, pointer: str) -> bool:
        if keyword in _REFUSED:
            self._report(place, keyword, "is not supported")
        if keyword == "$schema" and pointer:
            self._report(place, keyword, "can only stand at the top")
        if keyword in MARKERS:
            self._check(keyword, value, place)
        return keyword not in MARKERS and keyword != "$schema"

    def _keyword(self, keyword: str, value: Json, place: Place, pointer: str) -> Json:
        inner = f"{pointer}/{_escaped(keyword)}"
        if keyword in _ONE:
            return self._schema(value, (*place, keyword), inner)
        if keyword in _LISTS:
            return self._list(keyword, value, place, inner)
        if keyword in _MAPS:
            return self._map(keyword, value, place, inner)
        self._check(keyword, value, place)
        return value

    def _list(self, keyword: str, value: Json, place: Place, pointer: str) -> Json:
        if not isinstance(value, list) or not value:
            self._report(place, keyword, "must be a list of schemas")
            return []
        return [
            self._schema(item, (*place, keyword, at), f"{pointer}/{at}")
            for at, item in enumerate(value)
        ]

    def _map(self, keyword: str, value: Json, place: Place, pointer: str) -> Json:
        if not isinstance(value, dict):
            self._report(place, keyword, "must be an object of schemas")
            return {}
        if keyword == "patternProperties":
            for source in value:
                self._check_pattern(source, place, keyword)
        # People know a property by its name, not by the keyword above it.
        within = place if keyword == "properties" else (*place, keyword)
        return {
            name: self._schema(item, (*within, name), f"{pointer}/{_escaped(name)}")
            for name, item in value.items()
        }

    def _check(self, keyword: str, value: Json, place: Place) -> None:
        rule = _RULES.get(keyword)
        if rule is not None and not rule[0](value):
            self._report(place, keyword, rule[1])
        if keyword == "pattern":
            self._check_pattern(value, place, keyword)
        if keyword == "$ref":
            self._refs.append((place, value if isinstance(value, str) else ""))

    def _check_pattern(self, source: Json, place: Place, keyword: str) -> None:
        try:
            compile_pattern(source if isinstance(source, str) else "(")
        except InvalidInput as wrong:
            self._report(place, keyword, wrong.message)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _with_required(plain: dict[str, Json], schema: Mapping[str, Json]) -> JsonObject:
    """Turn `required: true` of the properties into the list that JSON Schema has."""
    listed = plain.pop("required", None)
    names = (
        [name for name in listed if isinstance(name, str)]
        if isinstance(listed, list)
        else []
    )
    properties = schema.get("properties")
    if isinstance(properties, dict):
        names += [
            name
            for name, definition in properties.items()
            if isinstance(definition, dict) and definition.get("required") is True
        ]
    return {**plain, "required": list[Json](dict.fromkeys(names))} if names else plain
