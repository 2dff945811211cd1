"""Finds tasks that several others lead to at once, and that do not wait for them.

Such a task runs once for each: sometimes that is meant, often a join is missing. What
excludes each other, as success and failure of one task do, cannot meet.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import combinations, product
from typing import Final, TypeAlias

from attune.domain.expression import Expression
from attune.domain.json import format_place
from attune.domain.workflow_graph import Graph, reachable
from attune.domain.workflow_task import Task, Transition

_Facts: TypeAlias = frozenset[tuple[str, str, str]]
"""What must have held: of which task, what, and how it turned out."""

_MOST_COMPARED: Final = 30
_EQUAL: Final = re.compile(r"""(.+?)\s*==\s*('[^']*'|"[^"]*"|\d+|true|false)""")
_NOT_ALONE: Final = re.compile(r"\b(?:or|if)\b")
_NOT: Final = re.compile(r"not\b\s*")
_OUTCOMES: Final = {
    "succeeded()": ("failed()", "no", "yes"),
    "failed()": ("failed()", "yes", "no"),
}


def find_confluences(graph: Graph) -> Iterator[str]:
    """Give a warning for each task that would run once for each of several others."""
    facts = _facts_of_tasks(graph)
    for name, before in graph.predecessors.items():
        task = graph.tasks[name]
        if len(before) < 2 or task.name in graph.joined:  # noqa: PLR2004 - several
            continue
        after = reachable(graph.tasks, task.targets)
        ahead = [each for each in before if each not in after and each in facts]
        if _can_meet(graph, facts, ahead[:_MOST_COMPARED], name):
            yield (
                f"{format_place(task.place)}: runs once for each of"
                f" {', '.join(ahead)}; with a join it waits for them"
            )


def _can_meet(
    graph: Graph, facts: Mapping[str, _Facts], names: list[str], target: str
) -> bool:
    """Tell whether two of the tasks may lead to the same one in one run."""
    ways = {
        name: [facts[name] | each for each in _ways(graph.tasks[name], target)]
        for name in names
    }
    return any(
        not _exclude(*pair)
        for one, other in combinations(names, 2)
        for pair in product(ways[one], ways[other])
    )


def _exclude(one: _Facts, other: _Facts) -> bool:
    known = {(task, what): value for task, what, value in one}
    return any(known.get((task, what), value) != value for task, what, value in other)


def _facts_of_tasks(graph: Graph) -> Mapping[str, _Facts]:
    """Return what holds whenever a task has started, on whatever way."""
    entries = [name for names in graph.entries.values() for name in names]
    facts: dict[str, _Facts] = dict.fromkeys(entries, frozenset())
    open_ones = deque(entries)
    while open_ones:
        task = graph.tasks[open_ones.popleft()]
        for target in sorted(task.targets & graph.tasks.keys()):
            for way in _ways(task, target):
                reached = facts[task.name] | way
                known = facts.get(target)
                common = reached if known is None else known & reached
                if common != known:
                    facts[target] = common
                    open_ones.append(target)
    return facts


def _ways(task: Task, target: str) -> Iterator[_Facts]:
    """Give what holds on each transition from a task to another."""
    for at, transition in enumerate(task.transitions):
        if target in transition.targets:
            yield frozenset(_facts_of_transition(task.name, transition, at))


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
    while text.startswith("(") and text.endswith(")") and ")" not in text[1:-1]:
        text = text[1:-1].strip()
    return text, is_positive
