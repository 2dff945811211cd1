"""Where templates read keys and secret settings, which they may only hand on.

What is calculated from a secret would be stored and seen, so an expression either is the
path of one, and then a reference stands in its place, or it reads none.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

from attune.domain.errors import InvalidInput
from attune.domain.expression import Expression
from attune.domain.json import Json, JsonObject, format_place
from attune.domain.key import OwnerType
from attune.domain.template import compile_template, templates_in

KEYSTORE: Final = "keystore"
"""The namespace of keys."""
CONFIG_PATH: Final = ("pack", "config")
"""Where rules see the configuration of their pack."""

Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A place where a template reads a path below `keystore`."""

    place: str
    path: Path

    @property
    def shown(self) -> str:
        """The path as it is written, without its namespace."""
        return ".".join(self.path)


def key_uses(value: Json, *where: str) -> list[KeyUse]:
    """Return what the templates in a value read of keys; broken ones read nothing."""
    return [
        KeyUse(format_place(place), path[1:])
        for place, expression in _expressions(value, where)
        for path in sorted(expression.paths)
        if path[0] == KEYSTORE
    ]


def key_paths(value: Json) -> frozenset[Path]:
    """Return the paths below `keystore` that the templates in a value read."""
    return frozenset(use.path for use in key_uses(value))


def keystore_of(markers: Mapping[str, Json], paths: Iterable[Path]) -> JsonObject:
    """Return what `keystore` is where these paths are read; markers go by dotted path."""
    keystore: JsonObject = {}
    for path in sorted(paths):
        inner = keystore
        for step in path[:-1]:
            below = inner.setdefault(step, {})
            # Of a key and one whose ref goes on after it, the check lets one through.
            inner = below if isinstance(below, dict) else {}
        if path:
            inner[path[-1]] = markers.get(".".join(path))
    return keystore


def candidates(path: Path) -> list[str]:
    """Return the refs that a path may begin with, the longest first."""
    names = ".".join(path).split(".")
    return [".".join(names[:length]) for length in range(len(names), 0, -1)]


def may_be_own(path: Path, pack_ref: str | None) -> bool:
    """Tell whether a path can mean a key of this pack, or of something in it.

    A ref that begins with a kind of owner says whose key it is; any other may be anybody's.
    """
    kind, *owner = ".".join(path).split(".")
    if kind not in list(OwnerType):
        return True
    owned = (OwnerType.PACK, OwnerType.ACTION, OwnerType.SENSOR)
    return kind in owned and owner[:1] == [pack_ref]


def handing_on_problems(
    values: Mapping[str, Json], secret_config: Collection[str] = ()
) -> list[str]:
    """Return what is wrong with how these values, by their places, read secrets."""
    problems: list[str] = []
    for where, value in values.items():
        paths: set[Path] = set()
        for place, expression in _expressions(value, (where,)):
            for path in sorted(expression.paths):
                if path[0] == KEYSTORE:
                    paths.add(path)
                problem = _problem(expression, path, secret_config)
                if problem:
                    problems.append(f"{format_place(place)}: {problem}")
        problems += [f"{where}: {problem}" for problem in _overlaps(sorted(paths))]
    return problems


def reading_problems(
    paths: Mapping[str, Iterable[Path]], secret_config: Collection[str], allowed: str
) -> list[str]:
    """Return which places read a secret where none can be handed on."""
    return [
        f"{where}: '{'.'.join(path)}' is secret and can stand in {allowed} only"
        for where, read in paths.items()
        for path in sorted(read)
        if _secret_length(path, secret_config) is not None
    ]


def template_paths(value: Json) -> frozenset[Path]:
    """Return everything that the templates in a value read."""
    found = (expression.paths for _, expression in _expressions(value, ()))
    return frozenset[Path]().union(*found)


def _problem(
    expression: Expression, path: Path, secret_config: Collection[str]
) -> str | None:
    length = _secret_length(path, secret_config)
    if length is None:
        return None
    if path == (KEYSTORE,):
        return f"'{KEYSTORE}' needs the ref of a key after it"
    if expression.path == path and len(path) == length:
        return None
    shown = ".".join(path[:length])
    return f"'{shown}' is secret and can only be handed on as it is: write {{{{ {shown} }}}}"


def _secret_length(path: Path, secret_config: Collection[str]) -> int | None:
    """Return how long the path of the secret is that this one reads, if it does."""
    if path[0] == KEYSTORE:
        return len(path)
    size = len(CONFIG_PATH)
    if path[:size] == CONFIG_PATH and path[size : size + 1] != ():
        return size + 1 if path[size] in secret_config else None
    return None


def _overlaps(paths: Sequence[Path]) -> list[str]:
    return [
        f"'{'.'.join(one)}' and '{'.'.join(other)}' cannot both be read in one input"
        for one, other in pairwise(paths)
        if other[: len(one)] == one and len(one) > 1
    ]


def _expressions(
    value: Json, where: tuple[str, ...]
) -> Iterator[tuple[tuple[str | int, ...], Expression]]:
    for place, text in templates_in(value, where):
        try:
            parts = compile_template(text).parts
        except InvalidInput:
            continue
        for part in parts:
            if isinstance(part, Expression):
                yield place, part
