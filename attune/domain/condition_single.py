"""Single conditions, compiled: expressions, and comparisons of a field."""

import json
from collections.abc import Callable
from typing import Final, TypeVar

from attune.domain.condition_asking import Asking, Test
from attune.domain.condition_field import read_field
from attune.domain.condition_node import Single
from attune.domain.condition_operator import OPERATORS, find_operator
from attune.domain.condition_search import SEARCH
from attune.domain.errors import InvalidInput
from attune.domain.expression import compile_expression
from attune.domain.json import JsonObject
from attune.domain.template import is_template, sole_expression

T = TypeVar("T")

_MAX_SHOWN: Final = 200
_MAX_VALUE_SHOWN: Final = 60
_STEPS: Final = 6
_CHARACTERS_PER_STEP: Final = 2


def refusal(problems: list[str]) -> InvalidInput:
    """Return the error that tells all of the problems."""
    return InvalidInput("; ".join(problems), problems=problems)


def problems_of(wrong: InvalidInput) -> list[str]:
    """Return everything that an error tells."""
    return wrong.problems or [wrong.message]


def compile_single(place: str, text: str, *, in_item: bool) -> Single:
    """Return the expression as a condition."""
    try:
        source = _source(text)
        expression = compile_expression(source)
    except InvalidInput as wrong:
        raise InvalidInput(f"{place}: {wrong.message}") from None
    # An expression may be long, and has no loop; a search around it is one.
    steps = _STEPS + len(source) // _CHARACTERS_PER_STEP if in_item else _STEPS

    def holds(asking: Asking) -> bool:
        asking.budget.spend(steps)
        return bool(expression.evaluate(asking.scope, budget=asking.budget))

    return Single(place, _shown(place, source), holds, expression.paths)


def _source(text: str) -> str:
    source = sole_expression(text.strip()) if is_template(text) else text
    if source is None:
        raise InvalidInput("must be one expression, with nothing around its {{ }}")
    return source


def compile_comparison(
    place: str,
    item: JsonObject,
    prepare: Callable[[], Test],
    *,
    in_item: bool,
) -> Single:
    """Return the comparison, whose test is yet to be prepared."""
    problems: list[str] = []
    field = item["field"]
    read = _tried(
        problems, f"{place}.field: ", lambda: read_field(field, in_item=in_item)
    )
    test = _tried(problems, "", prepare)
    if read is None or test is None:
        raise refusal(problems)

    def holds(asking: Asking) -> bool:
        asking.budget.spend(_STEPS)
        return test(read(asking.scope), asking)

    return Single(place, _shown(place, _said(item)), holds)


def _tried(problems: list[str], prefix: str, make: Callable[[], T]) -> T | None:
    try:
        return make()
    except InvalidInput as wrong:
        problems += [f"{prefix}{problem}" for problem in problems_of(wrong)]
    return None


def prepare_test(place: str, item: JsonObject) -> Test:
    """Return the test of a comparison whose operator looks at one value."""
    name = item["operator"]
    operator = find_operator(name) if isinstance(name, str) else None
    if operator is None:
        known = ", ".join([*OPERATORS, SEARCH])
        raise InvalidInput(f"{place}.operator: must be one of {known}")
    check_keys(place, item, {"value"} if operator.takes_value else set())
    try:
        return operator.prepare(item.get("value"))
    except InvalidInput as wrong:
        raise InvalidInput(f"{place}.value: {wrong.message}") from None


def check_keys(
    place: str,
    item: JsonObject,
    needed: set[str],
    optional: frozenset[str] = frozenset(),
) -> None:
    """Refuse a comparison that lacks what its operator needs, or says more."""
    name, given = item["operator"], item.keys() - {"field", "operator"}
    missing, unknown = needed - given, given - needed - optional
    if missing:
        raise InvalidInput(f"{place}: {name} needs {' and '.join(sorted(missing))}")
    if unknown:
        raise InvalidInput(
            f"{place}: {name} takes no {' and no '.join(sorted(unknown))}"
        )


def _said(item: JsonObject) -> str:
    said = f"{item['field']} {item['operator']}"
    if "value" not in item:
        return said
    value = json.dumps(item["value"], ensure_ascii=False)
    cut = value if len(value) <= _MAX_VALUE_SHOWN else f"{value[:_MAX_VALUE_SHOWN]}…"
    return f"{said} {cut}"


def _shown(place: str, source: str) -> str:
    return f"{place}: {source.strip()[:_MAX_SHOWN]}"
