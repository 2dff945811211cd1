"""From a document to the tree of its conditions, or to every mistake in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from attune.domain.condition_asking import Test
from attune.domain.condition_node import Group, Negation, Node, Single
from attune.domain.condition_search import SEARCH, read_mode, search
from attune.domain.condition_single import (
    check_keys,
    compile_comparison,
    compile_single,
    prepare_test,
    problems_of,
    refusal,
)
from attune.domain.enforcement import EnforcementCondition
from attune.domain.errors import InvalidInput
from attune.domain.json import Json, JsonObject

MAX_CONDITIONS: Final = 100
"""In one rule, groups included."""
MAX_DEPTH: Final = 8
"""Of groups, negations and searches within each other."""

_NOT: Final = "not"
_FORMS: Final = (
    'must be {"expression": "..."}, a comparison with field, operator and value, '
    "or a group with all, any or not"
)
_UNSETTLED: Final = {
    EnforcementCondition.ALL: "all of them hold",
    EnforcementCondition.ANY: "none of them holds",
}


class TooManyConditions(InvalidInput):
    """There is no point in telling what else is wrong."""


@dataclass(slots=True)
class Compiler:
    """Compiles one document, and counts what is in it."""

    count: int = 0
    depth: int = 0
    search_count: int = 0
    """How many searches there are around what is compiled now."""

    def group(
        self, place: str, items: Sequence[Json], mode: EnforcementCondition
    ) -> Group:
        """Return the list of conditions; the problems of all of them are told."""
        members: list[Node] = []
        problems: list[str] = []
        for at, item in enumerate(items):
            try:
                members.append(self.node(f"{place}[{at}]", item))
            except TooManyConditions:
                raise
            except InvalidInput as wrong:
                problems += problems_of(wrong)
        if problems:
            raise refusal(problems)
        return Group(f"{place}: {_UNSETTLED[mode]}", mode, tuple(members))

    def node(self, place: str, item: Json) -> Node:
        """Return the condition; raises InvalidInput whose problems name each place."""
        self.count += 1
        if self.count > MAX_CONDITIONS:
            raise TooManyConditions(
                f"conditions: has more than {MAX_CONDITIONS} conditions"
            )
        if isinstance(item, str):
            return self._expression(place, item)
        if not isinstance(item, dict):
            raise InvalidInput(f"{place}: {_FORMS}")
        if {"field", "operator"} <= item.keys():
            return self._comparison(place, item)
        if len(item) != 1:
            raise InvalidInput(f"{place}: {_FORMS}")
        return self._of_key(place, *next(iter(item.items())))

    def _of_key(self, place: str, key: str, value: Json) -> Node:
        within = f"{place}.{key}"
        if key == "expression":
            if not isinstance(value, str):
                raise InvalidInput(f"{within}: must be a string")
            return self._expression(within, value)
        if key == _NOT:
            return Negation(self._deeper(within, lambda: self.node(within, value)))
        if key not in list(EnforcementCondition):
            raise InvalidInput(f"{place}: {_FORMS}")
        mode = EnforcementCondition(key)
        return self._deeper(within, lambda: self._inner_group(within, value, mode))

    def _inner_group(
        self, place: str, items: Json, mode: EnforcementCondition
    ) -> Group:
        if not isinstance(items, list) or not items:
            raise InvalidInput(f"{place}: must be a list of at least one condition")
        return self.group(place, items, mode)

    def _deeper(self, place: str, compile_inner: Callable[[], Node]) -> Node:
        if self.depth == MAX_DEPTH:
            raise InvalidInput(f"{place}: is more than {MAX_DEPTH} levels deep")
        self.depth += 1
        try:
            return compile_inner()
        finally:
            self.depth -= 1

    def _expression(self, place: str, text: str) -> Single:
        return compile_single(place, text, in_item=self.search_count > 0)

    def _comparison(self, place: str, item: JsonObject) -> Single:
        in_item = self.search_count > 0
        prepare = self._search if item["operator"] == SEARCH else prepare_test
        return compile_comparison(
            place, item, lambda: prepare(place, item), in_item=in_item
        )

    def _search(self, place: str, item: JsonObject) -> Test:
        check_keys(place, item, {"conditions"}, frozenset({"mode"}))
        try:
            mode = read_mode(item.get("mode"))
        except InvalidInput as wrong:
            raise InvalidInput(f"{place}.mode: {wrong.message}") from None
        return search(mode, self._inner(f"{place}.conditions", item["conditions"]))

    def _inner(self, place: str, document: Json) -> Node:
        """Return the conditions of a search: a list, of which all hold, or one."""
        self.search_count += 1
        try:
            if isinstance(document, list):
                every = EnforcementCondition.ALL
                return self._deeper(
                    place, lambda: self._inner_group(place, document, every)
                )
            return self._deeper(place, lambda: self.node(place, document))
        finally:
            self.search_count -= 1
