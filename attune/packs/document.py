"""One YAML document of a pack, read as plain JSON values or refused with a reason.

YAML 1.2 decides what a plain word is: `no`, `on` and `yes` are text, `010` is ten and
`2026-01-01` is text. Only `true` and `false` are booleans; a field declared as boolean
still takes `yes` and `no`.
"""

import re
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar, cast

import yaml

from attune.domain.errors import InvalidInput
from attune.domain.json import Json, check_json

MAX_FILE_BYTES = 1_000_000
MAX_DEPTH = 64
MAX_NODES = 10_000
MAX_ALIASES = 100

TAG = "tag:yaml.org,2002:"
TEXT = TAG + "str"
MERGE = TAG + "merge"
FLOAT = r"^[-+]?((\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|\.(inf|Inf|INF))$|^\.(nan|NaN|NAN)$"


def read_document(path: Path) -> dict[str, Json]:
    """Return the mapping in this file; raises InvalidInput that says what is wrong."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InvalidInput(f"is larger than {MAX_FILE_BYTES} bytes")
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        raise InvalidInput("is not UTF-8 text") from None
    return parse_document(text)


def parse_document(text: str) -> dict[str, Json]:
    """Return the mapping that this YAML text holds."""
    try:
        _bound(text)
        # A loader of our own, which makes nothing but JSON values.
        value = yaml.load(text, Loader=JsonLoader)  # noqa: S506 - see above
    except yaml.MarkedYAMLError as broken:
        raise InvalidInput(_explain(broken)) from None
    except yaml.YAMLError as broken:
        raise InvalidInput(f"is not YAML: {broken}") from None
    if not isinstance(value, dict):
        raise InvalidInput("must hold a mapping")
    check_json(value)
    return cast("dict[str, Json]", value)


def _explain(broken: yaml.MarkedYAMLError) -> str:
    mark = broken.problem_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"{where}{broken.problem or 'is not YAML'}"


def _bound(text: str) -> None:
    """Refuse what would be huge once it is built, before anything is built."""
    depth = nodes = aliases = 0
    for event in yaml.parse(text, Loader=JsonLoader):
        nodes += isinstance(event, yaml.NodeEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise InvalidInput(f"is nested deeper than {MAX_DEPTH} levels")
        if nodes > MAX_NODES:
            raise InvalidInput(f"has more than {MAX_NODES} elements")
        if aliases > MAX_ALIASES:
            raise InvalidInput(f"has more than {MAX_ALIASES} aliases")


class JsonLoader(yaml.CSafeLoader):
    """Builds null, booleans, numbers, text, lists and mappings with text keys."""

    yaml_constructors: ClassVar[dict[Any, Any]] = {}
    yaml_implicit_resolvers: dict[Any, Any] = {}

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._flattened: set[yaml.Node] = set()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Check the keys, then merge `<<` entries, which may double at every level."""
        if node in self._flattened:
            return
        self._flattened.add(node)
        _check_keys(node)
        super().flatten_mapping(node)
        if len(node.value) > MAX_NODES:
            raise _refused(node, f"more than {MAX_NODES} entries after merging")


def _check_keys(node: yaml.MappingNode) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.tag == MERGE:
            continue
        if not isinstance(key, yaml.ScalarNode):
            raise _refused(key, "a key must be text")
        if key.value in seen:
            raise _refused(key, f"duplicate key '{key.value[:80]}'")
        seen.add(key.value)
        # JSON has only text keys: `3.11:` and `true:` are read as they are written.
        key.tag = TEXT


def _refused(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _integer(loader: JsonLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    try:
        return int(text, base)
    except ValueError:
        raise _refused(node, "is not a number we can hold") from None


def _number(loader: JsonLoader, node: yaml.ScalarNode) -> float:
    text = str(loader.construct_scalar(node))
    value = float(text.replace(".inf", "inf").replace(".nan", "nan"))
    if not isfinite(value):
        raise _refused(node, "is not a number we can hold")
    return value


def _boolean(loader: JsonLoader, node: yaml.ScalarNode) -> bool:
    return str(loader.construct_scalar(node)).lower() == "true"


def _unsupported(_: JsonLoader, node: yaml.Node) -> None:
    raise _refused(node, f"the tag {node.tag[:80]} is not supported")


JsonLoader.yaml_constructors = {
    TAG + "null": lambda _loader, _node: None,
    TAG + "bool": _boolean,
    TAG + "int": _integer,
    TAG + "float": _number,
    TAG + "seq": yaml.CSafeLoader.construct_yaml_seq,
    TAG + "map": yaml.CSafeLoader.construct_yaml_map,
    TEXT: yaml.CSafeLoader.construct_yaml_str,
    None: _unsupported,
}

# The core schema of YAML 1.2, with the letters a word of each kind begins with.
for _tag, _pattern, _first in (
    (TAG + "null", r"^(~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    (TAG + "bool", r"^(true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    (TAG + "int", r"^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    (TAG + "float", FLOAT, list("-+.0123456789")),
    (MERGE, r"^<<$", ["<"]),
):
    JsonLoader.add_implicit_resolver(_tag, re.compile(_pattern), _first)
