"""An execution's parameters as the document a process reads (contract, d.1)."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import assert_never

import yaml

from attune.domain.action import ParameterFormat
from attune.domain.errors import InvalidInput
from attune.domain.json import Json

_DOTENV_NAME = re.compile(r"[^\s='\"`$\\\x00-\x1f\x7f]+")


def parameter_document(
    parameters: Mapping[str, Json], parameter_format: ParameterFormat
) -> bytes:
    """Write the parameters in the format the action asked for."""
    match parameter_format:
        case ParameterFormat.JSON:
            text = to_json(dict(parameters)) + "\n"
        case ParameterFormat.DOTENV:
            text = _to_dotenv(parameters)
        case ParameterFormat.YAML:
            text = _to_yaml(parameters)
        case _:
            assert_never(parameter_format)
    return text.encode()


def to_json(value: Json) -> str:
    """Write a value on one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def to_text(value: Json) -> str:
    """Write a value as the text of a variable: null is empty, true is `true`."""
    if value is None:
        return ""
    return value if isinstance(value, str) else to_json(value)


def quote(text: str) -> str:
    """Write text as one word of a shell, whatever it contains."""
    return "'" + text.replace("'", "'\\''") + "'"


def _to_dotenv(parameters: Mapping[str, Json]) -> str:
    flat = dict(_flatten(parameters, ""))
    for name in flat:
        if not _DOTENV_NAME.fullmatch(name):
            problem = f"parameter {name!r} has no spelling in dotenv"
            raise InvalidInput(problem)
    return "".join(f"{name}={quote(to_text(flat[name]))}\n" for name in sorted(flat))


def _flatten(values: Mapping[str, Json], prefix: str) -> Iterator[tuple[str, Json]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _to_yaml(parameters: Mapping[str, Json]) -> str:
    text: str = yaml.safe_dump(dict(parameters), allow_unicode=True, sort_keys=False)
    return text
