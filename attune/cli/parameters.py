"""From `key=value` words to the parameters that an action's schema declares."""

import difflib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from attune.cli.document import JsonObject, parse_json, read_object
from attune.cli.errors import usage_error

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True)
class Parameter:
    """What is declared about one parameter."""

    name: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    required: bool = False

    @property
    def secret(self) -> bool:
        """Tell whether the value must not be seen."""
        return bool(self.schema.get("secret"))

    @property
    def types(self) -> list[str]:
        """Return the allowed types, the more particular ones first."""
        declared = self.schema.get("type")
        found = declared if isinstance(declared, list) else [declared]
        # Every text is a string, so a string is tried last.
        return sorted((str(each) for each in found if each), key="string".__eq__)

    def described(self) -> str:
        """Return the name with its type and description, for an error or a prompt."""
        kind = " or ".join(self.types) or "any"
        text = f"{self.name} ({kind})"
        description = self.schema.get("description")
        return f"{text}: {description}" if description else text


class Parameters:
    """The parameters of one action, trigger or pack, from its schema."""

    def __init__(self, declared: dict[str, Parameter], *, closed: bool) -> None:
        self.declared = declared
        self.closed = closed
        """Whether a name that is not declared is a mistake."""

    @classmethod
    def of_schema(cls, schema: object) -> "Parameters":
        """Read a flat schema, or a JSON Schema of an object."""
        if not isinstance(schema, dict) or not schema or _names_nothing(schema):
            return cls({}, closed=False)
        if schema.get("type") == "object" and isinstance(
            schema.get("properties"), dict
        ):
            required = set(schema.get("required") or ())
            declared = schema["properties"]
            closed = schema.get("additionalProperties") is False
        else:
            required = {n for n, each in schema.items() if _marked_required(each)}
            declared, closed = schema, True
        return cls(
            {
                name: Parameter(
                    name, each if isinstance(each, dict) else {}, name in required
                )
                for name, each in declared.items()
            },
            closed=closed,
        )

    def opened(self) -> "Parameters":
        """Return the same declarations where any other name is allowed too."""
        return Parameters(self.declared, closed=False)

    def parse(self, words: Iterable[str], *, templates: bool = False) -> JsonObject:
        """Return the values of the words; every mistake is reported at once.

        With `templates`, a value that holds `{{` stays text whatever its type is.
        """
        values: JsonObject = {}
        problems: list[str] = []
        for word in words:
            try:
                values.update(self._value_of(word, templates=templates))
            except ValueError as problem:
                problems.append(str(problem))
        problems += self._unknown(values)
        if problems:
            raise usage_error("the parameters are not valid", *problems)
        return values

    def missing(self, values: JsonObject) -> list[Parameter]:
        """Return the required parameters that have neither a value nor a default."""
        return [
            each
            for name, each in self.declared.items()
            if each.required and name not in values and "default" not in each.schema
        ]

    def convert(self, name: str, text: str) -> Any:
        """Return the text as the declared type; ValueError says what is wrong."""
        parameter = self.declared.get(name, Parameter(name))
        return _converted(parameter, text)

    def _value_of(self, word: str, *, templates: bool) -> JsonObject:
        if word.startswith("@"):
            return read_object(word[1:])
        name, separator, text = word.partition("=")
        if not separator or not name.removesuffix(":"):
            raise ValueError(f"'{word}' must be key=value, key:=json or @file.json")
        if name.endswith(":"):
            return {name[:-1]: parse_json(text, f"the value of {name[:-1]}")}
        if templates and "{{" in text:
            return {name: text}
        return {name: self.convert(name, text)}

    def _unknown(self, values: JsonObject) -> list[str]:
        if not self.closed:
            return []
        return [self._hint(name) for name in values if name not in self.declared]

    def _hint(self, name: str) -> str:
        close = difflib.get_close_matches(name, self.declared, n=1)
        if close:
            return f"there is no parameter '{name}'; did you mean '{close[0]}'?"
        return f"there is no parameter '{name}'; there are: {', '.join(self.declared)}"


def _names_nothing(schema: Mapping[str, Any]) -> bool:
    """Tell whether it is a JSON Schema that leaves open what there is."""
    is_flat = all(isinstance(each, dict) for each in schema.values())
    return not is_flat and not isinstance(schema.get("properties"), dict)


def _marked_required(schema: object) -> bool:
    return isinstance(schema, dict) and schema.get("required") is True


def _converted(parameter: Parameter, text: str) -> Any:
    if not parameter.types:
        return text
    reasons = []
    for kind in parameter.types:
        try:
            value = _CONVERSIONS[kind](parameter, text)
        except KeyError:
            return text
        except ValueError as reason:
            reasons.append(str(reason))
        else:
            return _allowed(parameter, value)
    shown = "the value" if parameter.secret else f"'{text}'"
    raise ValueError(f"{shown} is {' and '.join(reasons)} for {parameter.described()}")


def _allowed(parameter: Parameter, value: Any) -> Any:
    choices = parameter.schema.get("enum")
    if isinstance(choices, list) and value not in choices:
        known = ", ".join(str(choice) for choice in choices)
        raise ValueError(f"{parameter.described()} must be one of {known}")
    return value


def _string(_: Parameter, text: str) -> str:
    return text


def _integer(_: Parameter, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("not a whole number") from None


def _number(_: Parameter, text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        raise ValueError("not a number") from None
    if not math.isfinite(value):
        raise ValueError("not a number that JSON has")
    return value


def _boolean(_: Parameter, text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("neither true nor false")


def _null(_: Parameter, text: str) -> None:
    if text.lower() not in {"null", ""}:
        raise ValueError("not null")


def _array(parameter: Parameter, text: str) -> list[Any]:
    if text.lstrip().startswith("["):
        value = _parsed(text)
        if isinstance(value, list):
            return value
    items = Parameter(parameter.name, parameter.schema.get("items") or {})
    if {"object", "array"} & set(items.types):
        raise ValueError("not a JSON list")
    try:
        words = text.split(",") if text else []
        return [_converted(items, each.strip()) for each in words]
    except ValueError:
        kind = " or ".join(items.types)
        raise ValueError(f"not a list of {kind} values") from None


def _object(_: Parameter, text: str) -> JsonObject:
    value = _parsed(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the text is wrong, not our types
    return value


def _parsed(text: str) -> Any:

    try:
        return json.loads(text)
    except ValueError:
        raise ValueError("not valid JSON") from None


_CONVERSIONS: dict[str, Callable[[Parameter, str], Any]] = {
    "array": _array,
    "boolean": _boolean,
    "integer": _integer,
    "null": _null,
    "number": _number,
    "object": _object,
    "string": _string,
}
