"""What a function of the expression language is, and how it reads its arguments."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from attune.domain.errors import InvalidInput
from attune.domain.expression_operator import Number, is_number
from attune.domain.expression_value import type_name
from attune.domain.json import Json, JsonObject

Call: TypeAlias = Callable[..., Json]
"""Takes the budget first, then the arguments."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function with the number of arguments that it takes."""

    call: Call
    least: int = 1
    most: int = 1
    piped_at: int = 0
    """Which argument the value before a `|` becomes."""


def text_argument(value: Json, what: str) -> str:
    """Return the value if it is a string."""
    if not isinstance(value, str):
        raise _wrong(what, "a string", value)
    return value


def number_argument(value: Json, what: str) -> Number:
    """Return the value if it is a number."""
    if not is_number(value):
        raise _wrong(what, "a number", value)
    return value


def integer_argument(value: Json, what: str) -> int:
    """Return the value if it is a whole number of a size that can count something."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(what, "a whole number", value)
    if abs(value) >= 2**63:
        raise InvalidInput(f"{what} takes no number as large as this")
    return value


def list_argument(value: Json, what: str) -> list[Json]:
    """Return the value if it is a list."""
    if not isinstance(value, list):
        raise _wrong(what, "a list", value)
    return value


def object_argument(value: Json, what: str) -> JsonObject:
    """Return the value if it is an object."""
    if not isinstance(value, dict):
        raise _wrong(what, "an object", value)
    return value


def _wrong(what: str, wanted: str, value: Json) -> InvalidInput:
    return InvalidInput(f"{what} needs {wanted}, not {type_name(value)}")
