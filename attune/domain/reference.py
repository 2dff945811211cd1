"""References to secrets: a parameter says where its value is, only a worker reads it.

While templates are rendered, a marker stands for each secret: a string that nobody can
guess, which interpolation and JSON leave alone. What is stored are the parameters with
`***` in these places and, beside them, the places with what they refer to.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias, TypedDict

from attune.domain.json import Json, JsonObject

Source: TypeAlias = JsonObject
"""Where a secret is: `{"key"}`, `{"execution", "parameter"}`, `{"config"}`."""


class Reference(TypedDict):
    """One place in the parameters that holds a secret, alone or within a text."""

    path: list[str | int]
    parts: list[str | Source]


class References:
    """The markers of one transaction; the nonce must be random and never shown."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce

    def mark(self, source: Source) -> str:
        """Return the marker that stands for this secret while templates are rendered."""
        raise NotImplementedError

    def keystore(self, paths: Iterable[tuple[str, ...]]) -> JsonObject:
        """Return what `keystore` is in a template that reads these paths."""
        raise NotImplementedError

    def extract(self, parameters: JsonObject) -> tuple[JsonObject, list[Reference]]:
        """Return the parameters with `***` for every marker, and what stood there."""
        raise NotImplementedError


def sources(references: Sequence[Reference]) -> list[Source]:
    """Return each secret that is referred to, once, in the order of `fill`."""
    raise NotImplementedError


def fill(
    config: JsonObject, references: Sequence[Reference], values: Sequence[Json]
) -> JsonObject:
    """Return the parameters with the values, which are in the order of `sources`."""
    raise NotImplementedError
