"""What each JSON Schema keyword asks, in the shape the jsonschema library calls it.

They replace the library's own where those would echo the value, evaluate a regular
expression by backtracking, or take time that grows faster than the value. Each pays
one step, so that no schema can take longer than its budget.
"""

import json
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from fractions import Fraction
from typing import Any, Final, TypeAlias

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import create

from attune.domain.expression_budget import Budget
from attune.domain.expression_value import equal
from attune.domain.json import Json, JsonObject
from attune.domain.pattern import compile_pattern
from attune.domain.schema_format import has_format

Errors: TypeAlias = Iterator[ValidationError]
Keyword: TypeAlias = Callable[[Any, Any, Any, Any], Errors]

BUDGET: Final[ContextVar[Budget]] = ContextVar("schema_budget")
_MOST_SHOWN: Final = 200


def _shown(value: Json) -> str:
    """Write a value of the schema, never one of the instance."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…"


def _type(validator: Validator, types: Any, instance: Json, _: JsonObject) -> Errors:
    if not _has_type(validator, types, instance):
        names = [types] if isinstance(types, str) else types
        yield ValidationError(f"must be of type {' or '.join(names)}")


def _has_type(validator: Validator, types: Any, instance: Json) -> bool:
    names = [types] if isinstance(types, str) else types
    return any(validator.is_type(instance, name) for name in names)


def _enum(_: Validator, allowed: list[Json], instance: Json, __: JsonObject) -> Errors:
    budget = BUDGET.get()
    budget.spend(len(allowed))
    if not any(equal(budget, each, instance) for each in allowed):
        yield ValidationError(f"must be one of {_shown(allowed)[1:-1]}")


def _const(_: Validator, wanted: Json, instance: Json, __: JsonObject) -> Errors:
    if not equal(BUDGET.get(), wanted, instance):
        yield ValidationError(f"must be {_shown(wanted)}")


def _number(text: str, holds: Callable[[Any, Any], bool]) -> Keyword:
    def keyword(v: Validator, bound: Json, instance: Json, _: JsonObject) -> Errors:
        if v.is_type(instance, "number") and not holds(instance, bound):
            yield ValidationError(f"{text} {_shown(bound)}")

    return keyword


def _is_multiple(number: Any, of: Any) -> bool:
    if isinstance(number, int) and isinstance(of, int):
        return number % of == 0
    # As people read them: 0.3 is a multiple of 0.1.
    return (Fraction(str(number)) / Fraction(str(of))).denominator == 1


def _size(kind: str, text: str, holds: Callable[[int, int], bool]) -> Keyword:
    def keyword(v: Validator, bound: int, instance: Any, _: JsonObject) -> Errors:
        if v.is_type(instance, kind) and not holds(len(instance), bound):
            yield ValidationError(text.format(bound))

    return keyword


def _pattern(_: Validator, source: str, instance: Json, __: JsonObject) -> Errors:
    if isinstance(instance, str) and not _is_match(source, instance):
        yield ValidationError(f"must match the pattern {_shown(source)}")


def _is_match(source: str, text: str) -> bool:
    pattern = compile_pattern(source)
    BUDGET.get().spend(pattern.cost(text) // 16)
    return pattern.matches(text)


def _format(_: Validator, name: str, instance: Json, __: JsonObject) -> Errors:
    if isinstance(instance, str) and not has_format(instance, name):
        yield ValidationError(f"must have the format {_shown(name)}")


def _unique(_: Validator, wanted: bool, instance: Json, __: JsonObject) -> Errors:  # noqa: FBT001 - the library's signature
    if wanted and isinstance(instance, list):
        BUDGET.get().spend(len(instance) // 4)
        if len({_identity(item) for item in instance}) < len(instance):
            yield ValidationError("must not have the same element twice")


def _identity(value: Json) -> object:
    """Return something hashable that equal values share: 1 and 1.0, not 1 and true."""
    if isinstance(value, list):
        BUDGET.get().spend(len(value) // 4 + 1)
        return "list", tuple(map(_identity, value))
    if isinstance(value, dict):
        BUDGET.get().spend(len(value) // 4 + 1)
        return "object", frozenset((key, _identity(v)) for key, v in value.items())
    return isinstance(value, bool), value


def _contains(v: Any, wanted: Json, instance: Json, schema: JsonObject) -> Errors:
    if not isinstance(instance, list):
        return
    inner = v.evolve(schema=wanted)
    found = sum(inner.is_valid(item) for item in instance)
    least: Any = schema.get("minContains", 1)
    most: Any = schema.get("maxContains", len(instance))
    if found < least:
        yield ValidationError(f"must contain at least {least} of the wanted elements")
    if found > most:
        yield ValidationError(f"must contain at most {most} of the wanted elements")


def _required(_: Validator, names: list[str], instance: Json, __: JsonObject) -> Errors:
    if isinstance(instance, dict):
        for name in names:
            if name not in instance:
                yield ValidationError("is required", path=[name])


def _dependent_required(
    _: Validator, names: dict[str, list[str]], instance: Json, __: JsonObject
) -> Errors:
    if isinstance(instance, dict):
        for name, needed in names.items():
            for each in needed:
                if name in instance and each not in instance:
                    yield ValidationError(
                        f"is required together with {_shown(name)}", path=[each]
                    )


def _pattern_properties(
    v: Any, patterns: JsonObject, instance: Json, _: JsonObject
) -> Errors:
    if isinstance(instance, dict):
        for source, wanted in patterns.items():
            for key, value in instance.items():
                if _is_match(source, key):
                    yield from v.descend(value, wanted, path=key, schema_path=source)


def _additional(v: Any, wanted: Json, instance: Json, schema: JsonObject) -> Errors:
    if not isinstance(instance, dict):
        return
    known: Any = schema.get("properties", {})
    patterns: Any = schema.get("patternProperties", {})
    extras = [
        key
        for key in instance
        if key not in known and not any(_is_match(each, key) for each in patterns)
    ]
    if extras and wanted == NOTHING:
        allowed = _shown(list(known))[1:-1] or "none"
        yield ValidationError(f"has an unknown property; there are {allowed}")
        return
    for key in extras:
        yield from v.descend(instance[key], wanted, path=key)


def _property_names(v: Any, wanted: Json, instance: Json, _: JsonObject) -> Errors:
    if isinstance(instance, dict):
        inner = v.evolve(schema=wanted)
        if not all(inner.is_valid(key) for key in instance):
            yield ValidationError("has a property whose name is not allowed")


def _items(v: Any, wanted: JsonObject, instance: Json, schema: JsonObject) -> Errors:
    if not isinstance(instance, list):
        return
    prefix: Any = schema.get("prefixItems", [])
    if wanted == NOTHING and len(instance) > len(prefix):
        yield ValidationError(f"must have at most {len(prefix)} elements")
        return
    simple = wanted["type"] if wanted.keys() == {"type"} else None
    for at in range(len(prefix), len(instance)):
        # Long lists are mostly lists of one type; going down for each costs tenfold.
        if simple is None or not _has_type(v, simple, instance[at]):
            yield from v.descend(instance[at], wanted, path=at)


def _not(v: Any, unwanted: Json, instance: Json, _: JsonObject) -> Errors:
    if unwanted == {}:
        yield ValidationError("is not allowed")
    elif v.evolve(schema=unwanted).is_valid(instance):
        yield ValidationError("must not have a form that is excluded")


def _any_of(v: Any, forms: list[Json], instance: Json, _: JsonObject) -> Errors:
    if not any(v.evolve(schema=form).is_valid(instance) for form in forms):
        yield ValidationError("must have one of the allowed forms")


def _one_of(v: Any, forms: list[Json], instance: Json, _: JsonObject) -> Errors:
    held = sum(v.evolve(schema=form).is_valid(instance) for form in forms)
    if held != 1:
        count = "one" if not held else "only one"
        yield ValidationError(f"must have {count} of the allowed forms")


NOTHING: Final[JsonObject] = {"not": {}}
"""What `false` is rewritten to, because the library would echo the value for it."""

_OURS: Final[dict[str, Keyword]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "minimum": _number("must be at least", lambda n, bound: n >= bound),
    "maximum": _number("must be at most", lambda n, bound: n <= bound),
    "exclusiveMinimum": _number("must be more than", lambda n, bound: n > bound),
    "exclusiveMaximum": _number("must be less than", lambda n, bound: n < bound),
    "multipleOf": _number("must be a multiple of", _is_multiple),
    "minLength": _size(
        "string", "must have at least {} characters", lambda n, bound: n >= bound
    ),
    "maxLength": _size(
        "string", "must have at most {} characters", lambda n, bound: n <= bound
    ),
    "minItems": _size(
        "array", "must have at least {} elements", lambda n, bound: n >= bound
    ),
    "maxItems": _size(
        "array", "must have at most {} elements", lambda n, bound: n <= bound
    ),
    "minProperties": _size(
        "object", "must have at least {} properties", lambda n, bound: n >= bound
    ),
    "maxProperties": _size(
        "object", "must have at most {} properties", lambda n, bound: n <= bound
    ),
    "pattern": _pattern,
    "format": _format,
    "uniqueItems": _unique,
    "contains": _contains,
    "required": _required,
    "dependentRequired": _dependent_required,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "propertyNames": _property_names,
    "items": _items,
    "not": _not,
    "anyOf": _any_of,
    "oneOf": _one_of,
}

_FROM_LIBRARY: Final = (
    "$ref",
    "allOf",
    "dependentSchemas",
    "if",
    "prefixItems",
    "properties",
)


def _counted(keyword: Keyword) -> Keyword:
    def paying(v: Any, wanted: Any, instance: Any, schema: Any) -> Any:
        BUDGET.get().spend(1)
        return keyword(v, wanted, instance, schema)

    return paying


_LIBRARY: Final[dict[str, Keyword]] = dict(Draft202012Validator.VALIDATORS)

BoundedValidator: Final[Any] = create(
    meta_schema=Draft202012Validator.META_SCHEMA,
    validators={name: _counted(_LIBRARY[name]) for name in _FROM_LIBRARY}
    | {name: _counted(keyword) for name, keyword in _OURS.items()},
    type_checker=Draft202012Validator.TYPE_CHECKER,
    format_checker=FormatChecker(formats=()),
)
"""Draft 2020-12 without `unevaluated…` and `$dynamicRef`."""
