"""How the tasks of a workflow lead to each other."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from attune.domain.workflow_document import ALL, Draft
from attune.domain.workflow_field import Fields, did_you_mean
from attune.domain.workflow_task import Task, Transition

_MOST_JOINS: Final = 50
"""So many joins are looked at in a workflow where that may take long."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Where each scope begins, and who leads to whom."""

    tasks: Mapping[str, Task]
    entries: Mapping[str | None, tuple[str, ...]]
    """Tasks that no other one leads to, by the task they are nested in."""
    predecessors: Mapping[str, tuple[str, ...]]
    """Other tasks that lead to a task, each once; a task may lead to itself besides."""
    joined: frozenset[str]
    """Tasks that wait for several others."""
    loops: Mapping[str, int]
    """A number for each task; those in a loop with each other have the same."""


def reachable(
    tasks: Mapping[str, Task], start: Iterable[str], without: Collection[str] = ()
) -> set[str]:
    """Return what can be reached from some tasks, which are reached themselves."""
    found, open_ones = set[str](), [name for name in start if name not in without]
    while open_ones:
        name = open_ones.pop()
        if name not in found:
            found.add(name)
            targets = tasks[name].targets & tasks.keys()
            open_ones += targets.difference(without)
    return found


def find_loops(tasks: Mapping[str, Task]) -> Mapping[str, int]:
    """Return the number of each task's loop; one that is in none is alone in its own.

    Kosaraju's way: later tasks first, then backwards from each to what can be reached.
    """
    backwards: dict[str, list[str]] = {name: [] for name in tasks}
    for name, task in tasks.items():
        for target in task.targets & tasks.keys():
            backwards[target].append(name)
    loops: dict[str, int] = {}
    for number, root in enumerate(reversed(_in_order_of_end(tasks))):
        open_ones = [root]
        while open_ones:
            name = open_ones.pop()
            if name not in loops:
                loops[name] = number
                open_ones += backwards[name]
    return loops


def _in_order_of_end(tasks: Mapping[str, Task]) -> list[str]:
    """Return the tasks so that each comes after all that it leads to."""
    ended: dict[str, None] = {}
    seen = set[str]()
    open_ones = [(name, False) for name in tasks]
    while open_ones:
        name, is_end = open_ones.pop()
        if is_end:
            ended.setdefault(name)
        elif name not in seen:
            seen.add(name)
            open_ones.append((name, True))
            targets = tasks[name].targets & tasks.keys()
            open_ones += [(target, False) for target in targets]
    return list(ended)


def connect(fields: Fields, draft: Draft) -> Graph:
    """Return how the tasks hang together, and note every place where they do not."""
    inbound: dict[str, dict[str, None]] = {name: {} for name in draft.tasks}
    for task in draft.tasks.values():
        for transition in task.transitions:
            _check_targets(fields, draft, task, transition)
        for target in task.targets & draft.tasks.keys() - {task.name}:
            if draft.tasks[target].scope == task.scope:
                inbound[target][task.name] = None
    predecessors = {name: tuple(found) for name, found in inbound.items()}
    graph = Graph(
        tasks=draft.tasks,
        entries=_entries(draft, predecessors),
        predecessors=predecessors,
        joined=frozenset(draft.joins),
        loops=find_loops(draft.tasks),
    )
    _check_entries(fields, graph)
    _check_joins(fields, draft, graph)
    return graph


def _check_targets(
    fields: Fields, draft: Draft, task: Task, transition: Transition
) -> None:
    for name in transition.targets:
        target = draft.tasks.get(name)
        if target is None:
            hint = did_you_mean(name, draft.tasks)
            fields.add(transition.place, f"there is no task '{name}'{hint}")
        elif target.scope != task.scope:
            where = f"nested in '{target.scope}'" if target.scope else "outside of it"
            fields.add(
                transition.place,
                f"cannot lead to '{name}', which is {where}:"
                " only to tasks on the same level",
            )


def _names_in(tasks: Mapping[str, Task], scope: str | None) -> Collection[str]:
    return [task.name for task in tasks.values() if task.scope == scope]


def _entries(
    draft: Draft, predecessors: Mapping[str, tuple[str, ...]]
) -> Mapping[str | None, tuple[str, ...]]:
    entries: dict[str | None, list[str]] = {None: []}
    for task in draft.tasks.values():
        if task.is_scope:
            entries.setdefault(task.name, [])
        if not predecessors[task.name]:
            entries.setdefault(task.scope, []).append(task.name)
    return {scope: tuple(names) for scope, names in entries.items()}


def _check_entries(fields: Fields, graph: Graph) -> None:
    for scope, names in graph.entries.items():
        if not names and _names_in(graph.tasks, scope):
            place = (*graph.tasks[scope].place, "tasks") if scope else ("tasks",)
            fields.add(
                place, "every task has one that leads to it: none would ever start"
            )


def _check_joins(fields: Fields, draft: Draft, graph: Graph) -> None:
    for name, asked in draft.joins.items():
        place, count = graph.tasks[name].place, len(graph.predecessors[name])
        if count == 0:
            fields.add((*place, "join"), "no other task leads to this one")
        elif isinstance(asked, int) and asked > count:
            fields.add(
                (*place, "join"),
                f"waits for {asked} tasks, but only {count} lead here",
            )


def check_reachable(fields: Fields, draft: Draft, graph: Graph) -> None:
    """Note tasks that nothing leads to, and joins that could never fire."""
    for scope, entries in graph.entries.items():
        reached = reachable(graph.tasks, entries)
        for name in _names_in(graph.tasks, scope):
            if entries and name not in reached:
                fields.add(graph.tasks[name].place, f"'{name}' can never be reached")
    for name in islice(draft.joins, _MOST_JOINS):
        _check_join(fields, draft, graph, name)


def _check_join(fields: Fields, draft: Draft, graph: Graph, name: str) -> None:
    """Note a join that waits for tasks which only it could start."""
    task, before = graph.tasks[name], graph.predecessors[name]
    if not any(graph.loops[each] == graph.loops[name] for each in before):
        return
    entries = graph.entries[task.scope]
    reached = reachable(graph.tasks, entries, without={name})
    late = [each for each in before if each not in reached]
    wanted = count_of(draft.joins[name], graph, name)
    if late and len(before) >= wanted > len(before) - len(late):
        fields.add(
            (*task.place, "join"),
            f"waits for {wanted} tasks, but {', '.join(late)} can only start after it",
        )


def count_of(asked: int | str, graph: Graph, name: str) -> int:
    """Return how many arrivals a join waits for."""
    return len(graph.predecessors[name]) if asked == ALL else int(asked)
