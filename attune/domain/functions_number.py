"""Conversions, which are always asked for, and arithmetic on numbers and lists."""

import re
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from math import ceil, floor
from typing import Any, Final

from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import Budget
from attune.domain.expression_operator import (
    Number,
    add_numbers,
    check_number,
    is_number,
)
from attune.domain.expression_value import to_text, type_name
from attune.domain.function import (
    Function,
    integer_argument,
    list_argument,
    number_argument,
)
from attune.domain.json import Json

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,1000}\Z")
_NUMBER: Final = re.compile(
    r"[+-]?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,3})?\Z"
)
_MOST_DIGITS: Final = 15
_ROUNDING: Final = Context(prec=40, rounding=ROUND_HALF_UP)


def _parse(value: str, what: str) -> Number:
    text = value.strip()
    if _INTEGER.match(text):
        return check_number(int(text))
    if _NUMBER.match(text):
        return check_number(float(text))
    raise InvalidInput(f"{what} needs text that is a number")


def _number(_: Budget, value: Json) -> Json:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return _parse(value, "number()")
    return number_argument(value, "number()")


def _int(budget: Budget, value: Json) -> Json:
    number = _number(budget, value)
    if isinstance(value, str) and isinstance(number, float):
        raise InvalidInput("int() needs text that is a whole number")
    return int(number_argument(number, "int()"))


def _bool(_: Budget, value: Json) -> Json:
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    return bool(value)


def _abs(_: Budget, value: Json) -> Json:
    return abs(number_argument(value, "abs()"))


def _floor(_: Budget, value: Json) -> Json:
    return floor(number_argument(value, "floor()"))


def _ceil(_: Budget, value: Json) -> Json:
    return ceil(number_argument(value, "ceil()"))


def _round(_: Budget, value: Json, digits: Json = None) -> Json:
    """Round half away from zero, as people do; without digits to a whole number."""
    number = number_argument(value, "round()")
    places = 0 if digits is None else integer_argument(digits, "round()")
    if not 0 <= places <= _MOST_DIGITS:
        raise InvalidInput(f"round() takes 0 to {_MOST_DIGITS} digits")
    if isinstance(number, int):
        return number
    if abs(number) >= 10**_MOST_DIGITS:
        # A double of this size has no fraction that could be rounded.
        return number if digits is not None else int(number)
    unit = Decimal(1).scaleb(-places)
    rounded = Decimal(repr(number)).quantize(unit, context=_ROUNDING)
    return int(rounded) if digits is None else float(rounded)


def _extreme(what: str, choose: Callable[[Iterable[Any]], Any]) -> Function:
    def call(budget: Budget, *values: Json) -> Json:
        only = values[0]
        items = only if len(values) == 1 and isinstance(only, list) else list(values)
        budget.spend(len(items))
        check_same_order(items, what)
        chosen: Json = choose(items) if items else None
        return chosen

    return Function(call, 1, 100)


def check_same_order(items: list[Json], what: str) -> None:
    """Raise InvalidInput unless the items are all numbers or all strings."""
    odd = [item for item in items if not is_number(item) and type(item) is not str]
    if odd:
        raise InvalidInput(f"{what} needs numbers or strings, not {type_name(odd[0])}")
    if len({type(item) is str for item in items}) > 1:
        raise InvalidInput(f"{what} cannot compare numbers with strings")


def _sum(budget: Budget, values: Json) -> Json:
    items = list_argument(values, "sum()")
    budget.spend(len(items) * 2)
    total: Number = 0
    for item in items:
        total = add_numbers(total, number_argument(item, "sum()"))
    return total


NUMBER_FUNCTIONS: Final = {
    "string": Function(to_text),
    "number": Function(_number),
    "int": Function(_int),
    "bool": Function(_bool),
    "type_of": Function(lambda _, value: type_name(value)),
    "abs": Function(_abs),
    "floor": Function(_floor),
    "ceil": Function(_ceil),
    "round": Function(_round, 1, 2),
    "min": _extreme("min()", min),
    "max": _extreme("max()", max),
    "sum": Function(_sum),
}
