"""A workflow as its interpreter reads it: compiled once, immutable, shared."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from attune.domain.errors import InvalidInput
from attune.domain.json import JsonObject
from attune.domain.workflow_document import Draft, TaskReader
from attune.domain.workflow_graph import Graph, connect, count_of
from attune.domain.workflow_task import Task
from attune.domain.workflow_template import Path, Templated


class CancellationPolicy(StrEnum):
    """What a cancel does to the tasks that run."""

    ALLOW_FINISH = "allow_finish"  # they may end by themselves
    CANCEL_RUNNING = "cancel_running"  # they are cancelled too


@dataclass(frozen=True, kw_only=True, eq=False)
class Workflow:
    """A compiled definition; two are the same only if they are one."""

    tasks: Mapping[str, Task]
    """All of them by name, nested ones too."""
    entries: Mapping[str | None, tuple[str, ...]]
    """The tasks that start when the workflow, or the task they are nested in, does."""
    predecessors: Mapping[str, tuple[str, ...]]
    """Which other tasks lead to a task."""
    variables: Mapping[str, Templated]
    output_map: Mapping[str, Templated]
    cancellation_policy: CancellationPolicy

    @cached_property
    def joins(self) -> Mapping[str | None, tuple[str, ...]]:
        """Return the tasks that wait for several others, by their scope."""
        found: dict[str | None, tuple[str, ...]] = {}
        for name, task in self.tasks.items():
            if task.join is not None:
                found[task.scope] = (*found.get(task.scope, ()), name)
        return found

    def leaves(self, name: str, path: Path = ()) -> frozenset[str]:
        """Return the tasks with an action whose results make up that of a task.

        The path goes on below the result, which has a field for each nested task.
        """
        task = self.tasks[name]
        if not task.is_scope:
            return frozenset({name})
        inner = [path[0]] if path and path[0] in task.nested else task.nested
        return frozenset().union(*(self.leaves(each, path[1:]) for each in inner))

    def within(self, scope: str) -> tuple[str, ...]:
        """Return all tasks nested in one, at any depth."""
        nested = self.tasks[scope].nested
        return (*nested, *(each for name in nested for each in self.within(name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A definition as far as it could be read."""

    workflow: Workflow
    """To be run only if there are no problems."""
    draft: Draft
    graph: Graph
    problems: list[str]
    warnings: list[str]


def compile_workflow(definition: JsonObject, pack_ref: str = "") -> Workflow:
    """Compile; raises InvalidInput whose problems name each place.

    An action without a dot is one of the pack.
    """
    reading = read_workflow(definition, pack_ref)
    if reading.problems:
        raise InvalidInput("; ".join(reading.problems), problems=reading.problems)
    return reading.workflow


def read_workflow(definition: JsonObject, pack_ref: str) -> Reading:
    """Read as much as there is, and everything that is wrong with it."""
    problems: list[str] = []
    fields = TaskReader(problems, pack_ref)
    fields.tasks(definition.get("tasks"), ("tasks",))
    graph = connect(fields, fields.draft)
    workflow = Workflow(
        tasks=_with_joins(fields.draft, graph),
        entries=graph.entries,
        predecessors=graph.predecessors,
        variables=fields.templates(definition.get("vars"), ("vars",)),
        output_map=fields.templates(definition.get("output_map"), ("output_map",)),
        cancellation_policy=fields.choice(
            definition.get("cancellation_policy"),
            ("cancellation_policy",),
            CancellationPolicy,
            CancellationPolicy.ALLOW_FINISH,
        ),
    )
    return Reading(
        workflow=workflow,
        draft=fields.draft,
        graph=graph,
        problems=problems,
        warnings=fields.warnings,
    )


def _with_joins(draft: Draft, graph: Graph) -> Mapping[str, Task]:
    return draft.tasks | {
        name: replace(draft.tasks[name], join=count_of(asked, graph, name))
        for name, asked in draft.joins.items()
    }
