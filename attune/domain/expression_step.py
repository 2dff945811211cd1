"""The steps a compiled expression is made of: functions from a frame to a value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import Budget
from attune.domain.expression_operator import Operator
from attune.domain.expression_value import to_text, type_name
from attune.domain.json import Json


@dataclass(slots=True)
class Frame:
    """What one evaluation sees and may still spend."""

    scope: Mapping[str, Json]
    functions: Mapping[str, Callable[..., Json]]
    budget: Budget


Step: TypeAlias = Callable[[Frame], Json]
Key: TypeAlias = tuple[str, int | None]
"""A key as objects know it, and as lists do if they can."""


def null(_: Frame) -> Json:
    """Give null."""
    return None


def path_of_scope(name: str, keys: Sequence[Key]) -> Step:
    """Give what the path leads to from a variable."""
    if not keys:
        return lambda frame: frame.scope.get(name)
    if all(index is None for _, index in keys):
        return _names_of_scope(name, tuple(key for key, _ in keys))
    return lambda frame: walk(frame.scope.get(name), keys)


def _names_of_scope(name: str, keys: tuple[str, ...]) -> Step:
    def step(frame: Frame) -> Json:
        value = frame.scope.get(name)
        for key in keys:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    return step


def path_of_value(start: Step, keys: Sequence[Key]) -> Step:
    """Give what the path leads to from a computed value."""
    return lambda frame: walk(start(frame), keys)


def walk(value: Json, keys: Sequence[Key]) -> Json:
    """Return what the path leads to, or null."""
    for key, index in keys:
        if isinstance(value, dict):
            value = value.get(key)
        elif index is not None and isinstance(value, list | str):
            value = value[index] if -len(value) <= index < len(value) else None
        else:
            return None
    return value


def make_object(pairs: Sequence[tuple[Step, Step]]) -> Step:
    """Give an object; its keys must be strings."""

    def step(frame: Frame) -> Json:
        return {_key(key(frame)): value(frame) for key, value in pairs}

    return step


def _key(value: Json) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"a key must be a string, not {type_name(value)}")
    return value


def conjunction(steps: Sequence[Step]) -> Step:
    """Give whether all hold, and ask no further than the first that does not."""

    def step(frame: Frame) -> Json:
        for each in steps:  # noqa: SIM110 - a generator would double the time
            if not each(frame):
                return False
        return True

    return step


def disjunction(steps: Sequence[Step]) -> Step:
    """Give whether one holds, and ask no further than the first that does."""

    def step(frame: Frame) -> Json:
        for each in steps:  # noqa: SIM110 - a generator would double the time
            if each(frame):
                return True
        return False

    return step


def comparison(first: Step, rest: Sequence[tuple[Operator, Step]]) -> Step:
    """Give whether every comparison of a chain such as `0 < x < 10` holds."""
    if len(rest) == 1:
        compare, second = rest[0]
        return lambda frame: compare(frame.budget, first(frame), second(frame))

    def step(frame: Frame) -> Json:
        left = first(frame)
        for compare, other in rest:
            right = other(frame)
            if not compare(frame.budget, left, right):
                return False
            left = right
        return True

    return step


def concatenation(steps: Sequence[Step]) -> Step:
    """Give the texts of all values in one."""

    def step(frame: Frame) -> Json:
        parts = [to_text(frame.budget, each(frame)) for each in steps]
        frame.budget.make_text(sum(map(len, parts)))
        return "".join(parts)

    return step


def application(call: Callable[..., Json], arguments: Sequence[Step]) -> Step:
    """Give what a function of the language makes of its arguments."""
    if len(arguments) == 1:
        only = arguments[0]
        return lambda frame: call(frame.budget, only(frame))
    return lambda frame: call(frame.budget, *[each(frame) for each in arguments])


def brought(name: str, arguments: Sequence[Step]) -> Step:
    """Give what a function makes that only this evaluation has."""

    def step(frame: Frame) -> Json:
        call = frame.functions.get(name)
        if call is None:
            raise InvalidInput(f"{name}() is not available here")
        return call(*[each(frame) for each in arguments])

    return step
