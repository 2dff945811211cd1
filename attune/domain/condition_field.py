"""The fields of comparisons: dotted paths into a payload, or into a list's element."""

from collections.abc import Callable
from typing import Final, TypeAlias

from attune.domain.condition_asking import ITEM, Scope
from attune.domain.errors import InvalidInput
from attune.domain.expression_step import Key, walk
from attune.domain.json import Json

WHOLE: Final = "."
"""The field that is the payload itself."""
_MAX_PATH: Final = 64
_MAX_DIGITS: Final = 9

Read: TypeAlias = Callable[[Scope], Json]


def read_field(field: Json, *, in_item: bool) -> Read:
    """Return what finds the field's value; inside a search it starts with `item`."""
    steps = field.split(".") if isinstance(field, str) else []
    if in_item:
        if not _is_path(steps) or steps[0] != ITEM:
            raise InvalidInput("must be item, or a path in it such as item.a.b")
        return _below(ITEM, steps[1:])
    if field == WHOLE:
        return _below("event", ["payload"])
    if not _is_path(steps):
        raise InvalidInput("must be a path in the payload, such as a.b")
    return _below("event", ["payload", *steps])


def _is_path(steps: list[str]) -> bool:
    return 0 < len(steps) <= _MAX_PATH and all(steps)


def _below(name: str, steps: list[str]) -> Read:
    keys = tuple(map(_key, steps))
    return lambda scope: walk(scope.get(name), keys)


def _key(step: str) -> Key:
    is_index = step.isascii() and step.isdecimal() and len(step) <= _MAX_DIGITS
    return step, int(step) if is_index else None
