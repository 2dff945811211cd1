"""JSON documents as the API sends them and people write them."""

import json
import sys
from pathlib import Path
from typing import Any

from attune.cli.errors import usage_error

JsonObject = dict[str, Any]


def look_up(document: object, path: str) -> Any:
    """Return the value at a dotted path, or None where the path ends early."""
    for part in path.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(part)
    return document


def unwrap(body: object) -> Any:
    """Return what the envelope `{"data": ...}` holds, or the body that has none."""
    if isinstance(body, dict) and "data" in body:
        return body["data"]
    return body


def as_json(value: object) -> str:
    """Return the value as indented JSON text."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def as_yaml(value: object) -> str:
    """Return the value as YAML text without a final newline."""
    import yaml  # noqa: PLC0415 - only a few commands print YAML

    class Readable(yaml.SafeDumper):
        """Writes text of several lines as a block, not as one quoted line."""

        def represent_text(self, text: str) -> yaml.ScalarNode:
            style = "|" if "\n" in text else None
            return self.represent_scalar("tag:yaml.org,2002:str", text, style)

    Readable.add_representer(str, Readable.represent_text)
    text: str = yaml.dump(
        value,
        Dumper=Readable,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
    )
    return text.removesuffix("\n").removesuffix("\n...")


def parse_json(text: str, where: str) -> Any:
    """Parse JSON that a person typed; the error names the place."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise usage_error(f"{where} is not valid JSON: {error}") from error


def named(source: str) -> str:
    """Return what people call the place that a document is read from."""
    return "standard input" if source == "-" else source


def read_text(source: str) -> str:
    """Read the text of a file; `-` is standard input."""
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise usage_error(f"cannot read {named(source)}: {error}") from error


def read_document(source: str) -> Any:
    """Read the JSON or YAML document of a file; `-` is standard input."""
    where, text = named(source), read_text(source)
    if source.endswith((".yaml", ".yml")):
        return _parse_yaml(text, where)
    return parse_json(text, where)


def given_json(text: str, where: str) -> Any:
    """Return the JSON that a word is, or that the file named by `@file` holds."""
    if text.startswith("@"):
        return read_document(text[1:])
    return parse_json(text, where)


def given_changes(file: str | None, said: JsonObject) -> JsonObject:
    """Return what a file and, before it, options say is to be changed: something."""
    body = read_object(file) if file else {}
    body |= {name: value for name, value in said.items() if value is not None}
    if not body:
        raise usage_error("nothing is to be changed: name an option or a --file")
    return body


def read_object(source: str) -> JsonObject:
    """Read a document that must be an object."""
    document = read_document(source)
    if not isinstance(document, dict):
        raise usage_error(f"{source} must hold an object, not a list or a single value")
    return document


def _parse_yaml(text: str, where: str) -> Any:
    import yaml  # noqa: PLC0415 - only a few commands read YAML

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise usage_error(f"{where} is not valid YAML: {error}") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
