"""What a comparison may ask of a field (contract, f.2), beside searching a list.

Equality is between any values, and without conversion: a text is never a number. What
is missing is null. It meets no operator but `not_exists`, `is_empty` and those that say
what must not be. A value of a kind that the operator has no use for is an error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from attune.domain.condition_asking import Asking, Test
from attune.domain.condition_text import (
    ends_with,
    matches,
    matches_at_start,
    matches_wildcard,
    starts_with,
    wanted_text,
    without_case,
)
from attune.domain.condition_time import time_since_greater, time_since_less
from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import Budget
from attune.domain.expression_operator import COMPARISON, is_number
from attune.domain.expression_operator import contains as has
from attune.domain.expression_value import equal, type_name
from attune.domain.json import Json


@dataclass(frozen=True, slots=True)
class Operator:
    """A kind of comparison."""

    prepare: Callable[[Json], Test]
    """Make the test of the value that stands in the condition, or refuse the value."""
    takes_value: bool = True


def _negated(prepare: Callable[[Json], Test]) -> Callable[[Json], Test]:
    def prepare_opposite(wanted: Json) -> Test:
        test = prepare(wanted)
        return lambda actual, asking: not test(actual, asking)

    return prepare_opposite


def _present(test: Test) -> Test:
    """Let the test not hold where the field is missing."""
    return lambda actual, asking: actual is not None and test(actual, asking)


def _equals(wanted: Json) -> Test:
    return lambda actual, asking: equal(asking.budget, actual, wanted)


def _equals_ignore_case(wanted: Json) -> Test:
    text = wanted_text(wanted).casefold()

    def test(actual: Json, asking: Asking) -> bool:
        return isinstance(actual, str) and without_case(asking.budget, actual) == text

    return test


def _contains(wanted: Json) -> Test:
    def test(actual: Json, asking: Asking) -> bool:
        _check_container(actual)
        return has(asking.budget, actual, wanted)

    return _present(test)


def _contains_ignore_case(wanted: Json) -> Test:
    text = wanted_text(wanted).casefold()

    def test(actual: Json, asking: Asking) -> bool:
        _check_container(actual)
        if isinstance(actual, str):
            return text in without_case(asking.budget, actual)
        items = list(actual) if isinstance(actual, list | dict) else []
        return text in _texts_without_case(asking.budget, items)

    return _present(test)


def _check_container(actual: Json) -> None:
    if not isinstance(actual, str | list | dict):
        raise InvalidInput(
            f"needs a string, an array or an object, not {type_name(actual)}"
        )


def _texts_without_case(budget: Budget, items: list[Json]) -> list[str]:
    budget.spend(len(items))
    return [without_case(budget, each) for each in items if isinstance(each, str)]


def _in(wanted: Json) -> Test:
    if not isinstance(wanted, list):
        raise InvalidInput("must be a list")
    return lambda actual, asking: has(asking.budget, wanted, actual)


def _ordered(symbol: str) -> Callable[[Json], Test]:
    compare = COMPARISON[symbol]

    def prepare(wanted: Json) -> Test:
        _check_orderable(wanted)
        return _present(
            lambda actual, asking: bool(compare(asking.budget, actual, wanted))
        )

    return prepare


def _check_orderable(wanted: Json) -> None:
    if not is_number(wanted) and not isinstance(wanted, str):
        raise InvalidInput("must be a number or a string")


def _between(wanted: Json) -> Test:
    if not isinstance(wanted, list) or len(wanted) != 2:  # noqa: PLR2004 - a pair
        raise InvalidInput("must be a list of the least and the greatest")
    low, high = wanted
    _check_orderable(low)
    if not COMPARISON["lteq"](Budget(), low, high):
        raise InvalidInput("the least is greater than the greatest")
    least, greatest = _ordered("gteq")(low), _ordered("lteq")(high)
    return lambda actual, asking: least(actual, asking) and greatest(actual, asking)


def _exists(_: Json) -> Test:
    return lambda actual, _: actual is not None


def _is_empty(_: Json) -> Test:
    # Zero and false are values like any other.
    return lambda actual, _: (
        actual is None or (isinstance(actual, str | list | dict) and not actual)
    )


OPERATORS: Final[dict[str, Operator]] = {
    "equals": Operator(_equals),
    "not_equals": Operator(_negated(_equals)),
    "equals_ignore_case": Operator(_equals_ignore_case),
    "not_equals_ignore_case": Operator(_negated(_equals_ignore_case)),
    "contains": Operator(_contains),
    "not_contains": Operator(_negated(_contains)),
    "contains_ignore_case": Operator(_contains_ignore_case),
    "not_contains_ignore_case": Operator(_negated(_contains_ignore_case)),
    "in": Operator(_in),
    "not_in": Operator(_negated(_in)),
    "starts_with": Operator(starts_with()),
    "starts_with_ignore_case": Operator(starts_with(ignores_case=True)),
    "ends_with": Operator(ends_with()),
    "ends_with_ignore_case": Operator(ends_with(ignores_case=True)),
    "less_than": Operator(_ordered("lt")),
    "less_or_equal": Operator(_ordered("lteq")),
    "greater_than": Operator(_ordered("gt")),
    "greater_or_equal": Operator(_ordered("gteq")),
    "between": Operator(_between),
    "matches": Operator(matches()),
    "matches_ignore_case": Operator(matches(ignores_case=True)),
    "wildcard": Operator(matches_wildcard),
    "exists": Operator(_exists, takes_value=False),
    "not_exists": Operator(_negated(_exists), takes_value=False),
    "is_empty": Operator(_is_empty, takes_value=False),
    "is_not_empty": Operator(_negated(_is_empty), takes_value=False),
    "time_since_less_than": Operator(time_since_less),
    "time_since_greater_than": Operator(time_since_greater),
}

SYNONYMS: Final[dict[str, str]] = {
    "eq": "equals",
    "ne": "not_equals",
    "neq": "not_equals",
    "nequals": "not_equals",
    "ieq": "equals_ignore_case",
    "iequals": "equals_ignore_case",
    "inotequals": "not_equals_ignore_case",
    "icontains": "contains_ignore_case",
    "ncontains": "not_contains",
    "incontains": "not_contains_ignore_case",
    "inside": "in",
    "nin": "not_in",
    "ninside": "not_in",
    "startswith": "starts_with",
    "istartswith": "starts_with_ignore_case",
    "endswith": "ends_with",
    "iendswith": "ends_with_ignore_case",
    "lt": "less_than",
    "lessthan": "less_than",
    "lte": "less_or_equal",
    "gt": "greater_than",
    "greaterthan": "greater_than",
    "gte": "greater_or_equal",
    "regex": "matches",
    "iregex": "matches_ignore_case",
    "matchwildcard": "wildcard",
    "nexists": "not_exists",
    "td_lt": "time_since_less_than",
    "timediff_lt": "time_since_less_than",
    "td_gt": "time_since_greater_than",
    "timediff_gt": "time_since_greater_than",
}
"""Names that StackStorm and others have for the same."""

_AT_START: Final = Operator(matches_at_start)


def find_operator(name: str) -> Operator | None:
    """Return the operator of this name, or of the one it stands for."""
    if name == "matchregex":
        # StackStorm looks only at the beginning of the text here.
        return _AT_START
    return OPERATORS.get(SYNONYMS.get(name, name))
