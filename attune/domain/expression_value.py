"""What values mean in an expression: their types, equality, text and size."""

import json
from typing import Final

from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import (
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_TEXT,
    Budget,
)
from attune.domain.json import Json

_NUMBERS: Final = (int, float)
_TYPE_NAMES: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def type_name(value: object) -> str:
    """Return the JSON name of the value's type."""
    return _TYPE_NAMES[type(value)]


def equal(budget: Budget, left: Json, right: Json) -> bool:
    """Compare as JSON does: numbers by value, but true is not 1."""
    if left is right:
        return True
    if type(left) is not type(right):
        both_numbers = type(left) in _NUMBERS and type(right) in _NUMBERS
        return both_numbers and left == right
    if isinstance(left, list) and isinstance(right, list):
        return _equal_lists(budget, left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        return _equal_objects(budget, left, right)
    if isinstance(left, str):
        budget.spend_text(len(left) // 16)
    return left == right


def _equal_lists(budget: Budget, left: list[Json], right: list[Json]) -> bool:
    if len(left) != len(right):
        return False
    budget.spend(len(left) * 2)
    return all(equal(budget, *pair) for pair in zip(left, right, strict=True))


def _equal_objects(
    budget: Budget, left: dict[str, Json], right: dict[str, Json]
) -> bool:
    if left.keys() != right.keys():
        return False
    budget.spend(len(left) * 3)
    return all(equal(budget, value, right[key]) for key, value in left.items())


def to_text(budget: Budget, value: Json) -> str:
    """Write the value as interpolation does: null is nothing, a list is JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    budget.make_text(measure(budget, value))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def measure(budget: Budget, value: Json) -> int:
    """Return about how long the value is as JSON; raises InvalidInput above the limits.

    Goes level by level and stops early, so that a value which holds a large one many
    times costs no more than any other.
    """
    level: list[Json] = [value]
    elements = length = 0
    for _ in range(MAX_DEPTH + 2):
        following: list[Json] = []
        for item in level:
            length += _own_length(item)
            if isinstance(item, dict):
                following.extend(item.values())
            elif isinstance(item, list):
                following.extend(item)
            if elements + len(following) > MAX_ELEMENTS:
                raise InvalidInput(f"makes more than {MAX_ELEMENTS} elements")
            if length > MAX_TEXT:
                raise InvalidInput(f"makes more than {MAX_TEXT} characters")
        budget.spend(len(following) * 2 + 1)
        elements += len(following)
        if not following:
            budget.spend_text(length)
            return length + elements * 2
        level = following
    raise InvalidInput(f"makes a value nested deeper than {MAX_DEPTH} levels")


def _own_length(value: Json) -> int:
    if isinstance(value, str):
        return len(value) + 2
    if isinstance(value, dict):
        return sum(map(len, value)) + 2 * len(value) + 2
    if isinstance(value, int):
        # Three bits or more a digit; 64-bit numbers are all the same here.
        return 20 if -(2**63) <= value < 2**63 else value.bit_length() // 3
    return 4


def check_result(budget: Budget, value: Json) -> Json:
    """Return the value if an expression may have it as its result."""
    if isinstance(value, list | dict):
        measure(budget, value)
    elif isinstance(value, str):
        budget.make_text(len(value))
    return value
