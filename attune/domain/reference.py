"""References to secrets: a parameter says where its value is, only a worker reads it.

While templates are rendered, a marker stands for each secret: a string that nobody can
guess, which interpolation and JSON leave alone. What is stored are the parameters with
`***` in these places and, beside them, the places with what they refer to.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, TypedDict, cast

from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import Budget
from attune.domain.expression_value import to_text
from attune.domain.json import Json, JsonObject
from attune.domain.schema import REDACTED

Source: TypeAlias = JsonObject
"""Where a secret is: `{"key"}`, `{"execution", "parameter"}`, `{"config", "pack"}`.

Beside a key or a setting stands whose reference it is: `pack`, `action`, `author`, and
`own` where what that pack and that action own is theirs to read.
"""
_Path: TypeAlias = tuple[str | int, ...]


class Reference(TypedDict):
    """One place in the parameters that holds a secret, alone or within a text."""

    path: list[str | int]
    parts: list[str | Source]


class References:
    """The markers of one transaction; the nonce must be random and never shown."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce
        self._sources: list[Source] = []
        self._numbers: dict[str, int] = {}
        self._marker = re.compile(rf"\[ref:{re.escape(nonce)}:(\d+)\]")

    def mark(self, source: Source) -> str:
        """Return the marker that stands for this secret while templates are rendered."""
        number = self._numbers.setdefault(_identity(source), len(self._sources))
        if number == len(self._sources):
            self._sources.append(source)
        return f"[ref:{self._nonce}:{number}]"

    def keystore(
        self, paths: Iterable[tuple[str, ...]], context: Mapping[str, Json]
    ) -> JsonObject:
        """Return a marker for each path below `keystore`, by the ref of its key.

        The context says whose template it is: what decides which keys it may read.
        """
        refs = sorted({".".join(path) for path in paths if path})
        return {ref: self.mark({"key": ref, **context}) for ref in refs}

    def extract(self, parameters: JsonObject) -> tuple[JsonObject, list[Reference]]:
        """Return the parameters with `***` for every marker, and what stood there."""
        found: list[Reference] = []
        stored = self._extracted(parameters, (), found)
        return cast("JsonObject", stored), found

    def _extracted(self, value: Json, path: _Path, found: list[Reference]) -> Json:
        if isinstance(value, str):
            return self._masked(value, path, found)
        if isinstance(value, list):
            return [
                self._extracted(item, (*path, at), found)
                for at, item in enumerate(value)
            ]
        if isinstance(value, dict):
            # No value can stand in a key; a marker there is only hidden.
            masked = {self._marker.sub(REDACTED, key): value[key] for key in value}
            return {
                key: self._extracted(item, (*path, key), found)
                for key, item in masked.items()
            }
        return value

    def _masked(self, text: str, path: _Path, found: list[Reference]) -> str:
        if self._nonce not in text:
            return text
        parts = list(self._parts(text))
        if all(isinstance(part, str) for part in parts):
            return text
        found.append({"path": list(path), "parts": parts})
        return self._marker.sub(REDACTED, text)

    def _parts(self, text: str) -> Iterator[str | Source]:
        """Cut a text at its markers; what stands between them stays as it is."""
        for at, piece in enumerate(self._marker.split(text)):
            if at % 2:
                yield dict(self._sources[int(piece)])
            elif piece:
                yield piece


def _identity(source: Source) -> str:
    return json.dumps(source, sort_keys=True)


def sources(references: Sequence[Reference]) -> list[Source]:
    """Return each secret that is referred to, once, in the order of `fill`."""
    found = {
        _identity(part): part
        for reference in references
        for part in reference["parts"]
        if isinstance(part, dict)
    }
    return list(found.values())


def fill(
    config: JsonObject, references: Sequence[Reference], values: Sequence[Json]
) -> JsonObject:
    """Return the parameters with the values, which are in the order of `sources`.

    A value alone keeps its type, one within a text is written into it.
    """
    known = dict(zip(map(_identity, sources(references)), values, strict=True))
    filled: Json = config
    for reference in references:
        parts = [
            part if isinstance(part, str) else known[_identity(part)]
            for part in reference["parts"]
        ]
        value = parts[0] if len(parts) == 1 else _text(parts)
        filled = _with(filled, reference["path"], value)
    return cast("JsonObject", filled)


def _text(parts: Sequence[Json]) -> str:
    budget = Budget()
    return "".join(to_text(budget, part) for part in parts)


def _with(value: Json, path: Sequence[str | int], new: Json) -> Json:
    """Return a copy of the value that has the new one at this path."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        return {**value, step: _with(value[step], rest, new)}
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return [*value[:step], _with(value[step], rest, new), *value[step + 1 :]]
    raise InvalidInput("the parameters are not those that the references belong to")
