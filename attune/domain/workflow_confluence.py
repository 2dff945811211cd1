"""Finds tasks that several others lead to at once, and that do not wait for them.

Such a task runs once for each: sometimes that is meant, often a join is missing. What
excludes each other, as success and failure of one task do, cannot meet.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Final, TypeAlias

from attune.domain.expression import Expression
from attune.domain.json import format_place
from attune.domain.workflow_graph import Graph
from attune.domain.workflow_task import Task, Transition

_Facts: TypeAlias = frozenset[tuple[str, str, str]]
"""What must have held: of which task, what, and how it turned out."""

_Ways: TypeAlias = Mapping[str, Sequence[_Facts]]

_MOST_COMPARED: Final = 30
_MOST_WAYS: Final = 10
_MOST_STEPS: Final = 20_000
"""A workflow that takes longer to look through is not looked through."""
_EQUAL: Final = re.compile(r"""(.+?)\s*==\s*('[^']*'|"[^"]*"|\d+|true|false)""")
_NOT_ALONE: Final = re.compile(r"\b(?:or|if)\b")
_NOT: Final = re.compile(r"not\b\s*")
_OUTCOMES: Final = {
    "succeeded()": ("failed()", "no", "yes"),
    "failed()": ("failed()", "yes", "no"),
}


def find_confluences(graph: Graph) -> Iterator[str]:
    """Give a warning for each task that would run once for each of several others."""
    ways = {name: _ways_of(task) for name, task in graph.tasks.items()}
    facts = _facts_of_tasks(graph, ways)
    for name, before in graph.predecessors.items():
        task = graph.tasks[name]
        if len(before) < 2 or task.name in graph.joined:  # noqa: PLR2004 - several
            continue
        ahead = [
            each
            for each in before
            if graph.loops[each] != graph.loops[name] and each in facts
        ]
        reached = [
            [facts[each] | way for way in ways[each][name][:_MOST_WAYS]]
            for each in ahead[:_MOST_COMPARED]
        ]
        if _can_meet(reached):
            yield (
                f"{format_place(task.place)}: runs once for each of"
                f" {', '.join(ahead)}; with a join it waits for them"
            )


def _can_meet(ways: Sequence[Sequence[_Facts]]) -> bool:
    """Tell whether two tasks may lead to the same one, each in one of its ways."""
    return any(
        not _exclude(*pair)
        for one, other in combinations(ways, 2)
        for pair in product(one, other)
    )


def _exclude(one: _Facts, other: _Facts) -> bool:
    known = {(task, what): value for task, what, value in one}
    return any(known.get((task, what), value) != value for task, what, value in other)


def _facts_of_tasks(graph: Graph, ways: Mapping[str, _Ways]) -> Mapping[str, _Facts]:
    """Return what holds whenever a task has started, on whatever way."""
    entries = [name for names in graph.entries.values() for name in names]
    facts: dict[str, _Facts] = dict.fromkeys(entries, frozenset())
    open_ones, steps = deque(entries), 0
    while open_ones and steps < _MOST_STEPS:
        name = open_ones.popleft()
        for target, found in ways[name].items():
            if target not in ways:
                continue
            steps += len(found)
            reached = [facts[name] | way for way in found]
            known = facts.get(target)
            common = frozenset.intersection(
                *reached, *([] if known is None else [known])
            )
            if known is None or common != known:
                facts[target] = common
                open_ones.append(target)
    return {} if open_ones else facts


def _ways_of(task: Task) -> _Ways:
    """Return every task that one leads to, with what holds on each way there."""
    ways: dict[str, list[_Facts]] = {}
    for at, transition in enumerate(task.transitions):
        way = frozenset(_facts_of_transition(task.name, transition, at))
        for target in transition.targets:
            ways.setdefault(target, []).append(way)
    return ways


def _facts_of_transition(
    name: str, transition: Transition, at: int
) -> Iterator[tuple[str, str, str]]:
    if transition.is_choice:
        yield name, "decision", str(at)
    for expression in transition.when.expressions if transition.when else ():
        # What a parameter is does not depend on the task that asks.
        is_constant = {path[0] for path in expression.paths} == {"parameters"}
        is_constant = is_constant and not expression.calls
        for what, value in _facts_of_expression(expression):
            yield "" if is_constant else name, what, value


def _facts_of_expression(expression: Expression) -> Iterator[tuple[str, str]]:
    source = expression.source.strip()
    parts = [source] if _NOT_ALONE.search(source) else re.split(r"\band\b", source)
    for part in parts:
        text, is_positive = _without_not(part.strip())
        if text in _OUTCOMES:
            what, yes, no = _OUTCOMES[text]
            yield what, yes if is_positive else no
        else:
            yield text, "yes" if is_positive else "no"
        if text == "timed_out()" and is_positive:
            yield "failed()", "yes"
        if is_positive and (equal := _EQUAL.fullmatch(text)):
            yield equal[1], equal[2]


def _without_not(text: str) -> tuple[str, bool]:
    is_positive = True
    while found := _NOT.match(text):
        text, is_positive = text[found.end() :].strip(), not is_positive
    return _without_brackets(text), is_positive


def _without_brackets(text: str) -> str:
    """Take off brackets around the whole text; those of `(a) and (b)` stay."""
    inner = text[1:-1]
    while text.startswith("(") and text.endswith(")") and _is_balanced(inner):
        text = inner.strip()
        inner = text[1:-1]
    return text


def _is_balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0
