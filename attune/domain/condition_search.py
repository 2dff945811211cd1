"""Searching a list: do any, all or none of its elements meet inner conditions."""

from enum import StrEnum
from typing import Final

from attune.domain.condition_asking import Asking, Test
from attune.domain.condition_node import Node
from attune.domain.errors import InvalidInput
from attune.domain.expression_value import type_name
from attune.domain.json import Json

SEARCH: Final = "search"
_STEPS_PER_ITEM: Final = 3
_STEPS_PER_ERROR: Final = 20


class SearchMode(StrEnum):
    """How many elements must meet the conditions."""

    ANY = "any"
    ALL = "all"
    NONE = "none"


def read_mode(value: Json) -> SearchMode:
    """Return the mode that a condition names; any where it names none."""
    try:
        return SearchMode(str(value)) if value is not None else SearchMode.ANY
    except ValueError:
        raise InvalidInput(f"must be one of {', '.join(SearchMode)}") from None


def search(mode: SearchMode, inner: Node) -> Test:
    """Return the test of a list; one that is missing has no elements."""

    def test(actual: Json, asking: Asking) -> bool:
        if actual is None:
            return mode is SearchMode.NONE
        if not isinstance(actual, list):
            raise InvalidInput(f"needs an array, not {type_name(actual)}")
        return _meets(mode, inner, actual, asking)

    return test


def _meets(mode: SearchMode, inner: Node, items: list[Json], asking: Asking) -> bool:
    """Ask of one element after the other until one settles it."""
    problem: str | None = None
    for at, item in enumerate(items):
        asking.budget.spend(_STEPS_PER_ITEM)
        verdict = inner.judge(asking.of_item(item))
        if verdict.holds is (mode is not SearchMode.ALL):
            return mode is SearchMode.ANY
        if verdict.holds is None:
            asking.budget.spend(_STEPS_PER_ERROR)
            problem = problem or f"element {at}: {verdict.error}"
    if problem is not None:
        raise InvalidInput(problem)
    return mode is not SearchMode.ANY
