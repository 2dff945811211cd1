"""Whether the conditions of a rule hold for an event (contract, f.2).

Forms: nothing at all, one `{"expression": ...}`, or a list of expressions and of
comparisons `{"field", "operator", "value"}`, of which all must hold or any suffices.
`{"any": [...]}` and `{"all": [...]}` say which; else the mode that is given does. An
expression may stand in `{{ }}` or without. One that cannot be evaluated does not hold.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from attune.domain.enforcement import EnforcementCondition
from attune.domain.errors import InvalidInput
from attune.domain.expression import compile_expression
from attune.domain.expression_budget import Budget
from attune.domain.expression_operator import contains
from attune.domain.expression_step import Key, walk
from attune.domain.expression_value import equal
from attune.domain.json import Json, JsonObject
from attune.domain.template import is_template, sole_expression

MAX_CONDITIONS: Final = 100
_MAX_PATH: Final = 64
_MAX_SHOWN: Final = 200
_COMPARISON_KEYS: Final = {"field", "operator", "value"}

Scope: TypeAlias = Mapping[str, Json]
"""What a condition sees: `event` with its `payload`."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a rule matched, by which condition, and what could not be evaluated."""

    matched: bool
    decided_by: str | None = None
    """The condition that settled it; None where all of them did."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Condition:
    text: str
    """Its place and source, as a Decision shows it."""
    holds: Callable[[Scope, Budget], bool]


@dataclass(frozen=True, slots=True)
class Conditions:
    """The compiled conditions of one rule."""

    _conditions: tuple[_Condition, ...]
    _mode: EnforcementCondition

    def matches(self, scope: Scope) -> Decision:
        """Decide; never raises for what a rule or a payload contains."""
        if not self._conditions:
            return Decision(matched=True)
        settling = self._mode is EnforcementCondition.ANY
        budget, error = Budget(), None
        for condition in self._conditions:
            holds, problem = _ask(condition, scope, budget)
            error = error or problem
            if holds is settling:
                return Decision(settling, condition.text, None if settling else error)
        return Decision(not settling, error=error)


def _ask(
    condition: _Condition, scope: Scope, budget: Budget
) -> tuple[bool, str | None]:
    try:
        return condition.holds(scope, budget), None
    except InvalidInput as wrong:
        return False, f"{condition.text}: {wrong.message}"


def compile_conditions(
    document: Json, mode: EnforcementCondition | str = EnforcementCondition.ALL
) -> Conditions:
    """Compile; raises InvalidInput whose problems name each place."""
    mode, place = EnforcementCondition(mode), "conditions"
    if isinstance(document, dict) and len(document) == 1:
        for word in EnforcementCondition:
            if word in document:
                mode, place, document = word, f"conditions.{word}", document[word]
                break
    if document in (None, {}, []):
        return Conditions((), mode)
    if isinstance(document, dict):
        return Conditions(_compile_all([("conditions", document)]), mode)
    if not isinstance(document, list):
        raise InvalidInput(
            'conditions: must be {"expression": "..."} or a list of conditions'
        )
    if len(document) > MAX_CONDITIONS:
        raise InvalidInput(f"{place}: has more than {MAX_CONDITIONS} conditions")
    places = [(f"{place}[{at}]", item) for at, item in enumerate(document)]
    return Conditions(_compile_all(places), mode)


def _compile_all(items: Sequence[tuple[str, Json]]) -> tuple[_Condition, ...]:
    compiled: list[_Condition] = []
    problems: list[str] = []
    for place, item in items:
        try:
            compiled.append(_compile(place, item))
        except InvalidInput as wrong:
            problems.append(wrong.message)
    if problems:
        raise InvalidInput("; ".join(problems), problems=problems)
    return tuple(compiled)


def _compile(place: str, item: Json) -> _Condition:
    if isinstance(item, str):
        return _expression(place, item)
    if isinstance(item, dict) and item.keys() == {"expression"}:
        source = item["expression"]
        if isinstance(source, str):
            return _expression(f"{place}.expression", source)
        raise InvalidInput(f"{place}.expression: must be a string")
    if isinstance(item, dict) and item.keys() == _COMPARISON_KEYS:
        return _comparison(place, item)
    raise InvalidInput(
        f'{place}: must be {{"expression": "..."}} or have field, operator and value'
    )


def _expression(place: str, text: str) -> _Condition:
    try:
        source = _source(text)
        expression = compile_expression(source)
    except InvalidInput as wrong:
        raise InvalidInput(f"{place}: {wrong.message}") from None
    return _Condition(
        _shown(place, source),
        lambda scope, budget: bool(expression.evaluate(scope, budget=budget)),
    )


def _source(text: str) -> str:
    source = sole_expression(text.strip()) if is_template(text) else text
    if source is None:
        raise InvalidInput("must be one expression, with nothing around its {{ }}")
    return source


def _comparison(place: str, item: JsonObject) -> _Condition:
    path, operator = _path(place, item["field"]), item["operator"]
    compare = COMPARISONS.get(operator) if isinstance(operator, str) else None
    if compare is None:
        known = ", ".join(COMPARISONS)
        raise InvalidInput(f"{place}.operator: must be one of {known}")
    wanted = item["value"]

    def holds(scope: Scope, budget: Budget) -> bool:
        return compare(budget, walk(scope.get("event"), path), wanted)

    return _Condition(_shown(place, f"{item['field']} {operator}"), holds)


def _path(place: str, field: Json) -> tuple[Key, ...]:
    steps = field.split(".") if isinstance(field, str) else []
    if not 0 < len(steps) <= _MAX_PATH or not all(steps):
        raise InvalidInput(f"{place}.field: must be a path in the payload, such as a.b")
    return ("payload", None), *map(_key, steps)


def _key(step: str) -> Key:
    is_index = step.isascii() and step.isdecimal() and len(step) < 10  # noqa: PLR2004
    return step, int(step) if is_index else None


def _shown(place: str, source: str) -> str:
    return f"{place}: {source.strip()[:_MAX_SHOWN]}"


def _contains(budget: Budget, actual: Json, wanted: Json) -> bool:
    return actual is not None and contains(budget, actual, wanted)


COMPARISONS: Final[dict[str, Callable[[Budget, Json, Json], bool]]] = {
    "equals": equal,
    "not_equals": lambda budget, actual, wanted: not equal(budget, actual, wanted),
    "contains": _contains,
}
"""What a comparison may ask of the field's value and its own."""
