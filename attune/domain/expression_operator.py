"""The operators of the expression language: nothing is converted behind one's back."""

from collections.abc import Callable
from math import isfinite
from typing import Final, TypeAlias, TypeGuard

from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import MAX_INTEGER_BITS, Budget
from attune.domain.expression_value import equal, type_name
from attune.domain.json import Json

Operator: TypeAlias = Callable[[Budget, Json, Json], Json]
Number: TypeAlias = int | float


def is_number(value: Json) -> TypeGuard[Number]:
    """Tell whether the value is a number; true and false are not."""
    return type(value) is int or type(value) is float


def check_number(value: Number) -> Number:
    """Return the number if it is one that JSON and its readers can hold."""
    if isinstance(value, int):
        if value.bit_length() > MAX_INTEGER_BITS:
            raise InvalidInput("makes an integer that is too large")
    elif not isfinite(value):
        raise InvalidInput("makes a number that is not finite")
    return value


def _refusal(operator: str, left: Json, right: Json) -> InvalidInput:
    return InvalidInput(
        f"'{operator}' cannot take {type_name(left)} and {type_name(right)}"
    )


def add_numbers(left: Number, right: Number) -> Number:
    """Return the sum, if it is a number that JSON can hold."""
    try:
        return check_number(left + right)
    except OverflowError:
        raise InvalidInput("makes a number that is too large") from None


def add(budget: Budget, left: Json, right: Json) -> Json:
    """Add numbers, join two strings or two lists."""
    if is_number(left) and is_number(right):
        return add_numbers(left, right)
    if isinstance(left, str) and isinstance(right, str):
        budget.make_text(len(left) + len(right))
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        budget.make_list(len(left) + len(right))
        return left + right
    raise _refusal("+", left, right)


def _on_numbers(symbol: str, calculate: Callable[[Number, Number], Number]) -> Operator:
    def operator(_: Budget, left: Json, right: Json) -> Json:
        if not (is_number(left) and is_number(right)):
            raise _refusal(symbol, left, right)
        try:
            return check_number(calculate(left, right))
        except ZeroDivisionError:
            raise InvalidInput("divides by zero") from None
        except OverflowError:
            raise InvalidInput("makes a number that is too large") from None

    return operator


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 0:
        # Ones and zeros stay small under any power.
        if abs(base) > 1 and base.bit_length() * exponent > MAX_INTEGER_BITS * 2:
            raise InvalidInput("makes an integer that is too large")
        if abs(base) <= 1:
            exponent = 2 - exponent % 2
    result: Number | complex = base**exponent
    if isinstance(result, complex):
        raise InvalidInput("takes a root of a negative number")
    return result


def negate(value: Json) -> Json:
    """Return the number with its sign turned."""
    if not is_number(value):
        raise InvalidInput(f"'-' cannot take {type_name(value)}")
    return -value


def keep_sign(value: Json) -> Json:
    """Return the number as it is."""
    if not is_number(value):
        raise InvalidInput(f"'+' cannot take {type_name(value)}")
    return value


ARITHMETIC: Final[dict[str, Operator]] = {
    "+": add,
    "-": _on_numbers("-", lambda left, right: left - right),
    "*": _on_numbers("*", lambda left, right: left * right),
    "/": _on_numbers("/", lambda left, right: left / right),
    "//": _on_numbers("//", lambda left, right: left // right),
    "%": _on_numbers("%", lambda left, right: left % right),
    "**": _on_numbers("**", _power),
}


def _ordering(symbol: str, holds: Callable[[int], bool]) -> Operator:
    def operator(budget: Budget, left: Json, right: Json) -> Json:
        if is_number(left) and is_number(right):
            return holds((left > right) - (left < right))
        if isinstance(left, str) and isinstance(right, str):
            budget.spend_text(min(len(left), len(right)) // 16)
            return holds((left > right) - (left < right))
        raise _refusal(symbol, left, right)

    return operator


def contains(budget: Budget, container: Json, item: Json) -> bool:
    """Tell whether a list has the element, an object the key, a string the part."""
    if isinstance(container, list):
        budget.spend(len(container))
        return any(equal(budget, each, item) for each in container)
    if isinstance(container, dict):
        return isinstance(item, str) and item in container
    if isinstance(container, str) and isinstance(item, str):
        budget.spend_text(len(container))
        return item in container
    raise _refusal("in", item, container)


COMPARISON: Final[dict[str, Operator]] = {
    "eq": equal,
    "ne": lambda budget, left, right: not equal(budget, left, right),
    "lt": _ordering("<", lambda order: order < 0),
    "lteq": _ordering("<=", lambda order: order <= 0),
    "gt": _ordering(">", lambda order: order > 0),
    "gteq": _ordering(">=", lambda order: order >= 0),
    "in": lambda budget, left, right: contains(budget, right, left),
    "notin": lambda budget, left, right: not contains(budget, right, left),
}


def subscript(value: Json, key: Json) -> Json:
    """Return what is under this key or index; a path that leads nowhere is null."""
    if isinstance(value, dict):
        if type(key) is int:
            return value.get(str(key)) if abs(key) < 2**63 else None
        return value.get(key) if isinstance(key, str) else None
    if isinstance(value, list | str) and type(key) is int:
        return value[key] if -len(value) <= key < len(value) else None
    return None


def cut(budget: Budget, value: Json, bounds: tuple[Json, Json, Json]) -> Json:
    """Return the part of a list or a string between two positions."""
    if not isinstance(value, list | str):
        raise InvalidInput(f"cannot take a slice of {type_name(value)}")
    start, stop, step = map(_bound, bounds)
    if step == 0:
        raise InvalidInput("the step of a slice cannot be 0")
    part = value[start:stop:step]
    if isinstance(part, str):
        budget.make_text(len(part))
    else:
        budget.make_list(len(part))
    return part


def _bound(value: Json) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise InvalidInput("a slice needs whole numbers")
