"""Running a workflow again from some of its tasks, with what succeeded kept."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from attune.domain.errors import InvalidInput
from attune.domain.execution import ExecutionStatus
from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_event import Restart
from attune.domain.workflow_field import did_you_mean
from attune.domain.workflow_graph import reachable
from attune.domain.workflow_join import fired_by
from attune.domain.workflow_state import (
    SKIPPED,
    ScopeState,
    TaskState,
    WorkflowState,
)

_SUCCESSES = frozenset({None, SKIPPED, ExecutionStatus.COMPLETED})


def restart(
    workflow: Workflow,
    states: Mapping[str, TaskState],
    state: WorkflowState,
    from_tasks: Collection[str] = (),
) -> tuple[WorkflowState, Restart]:
    """Return the state to go on from, with all tasks in it, and the event to feed.

    `states` are those of all tasks of a workflow that has ended. Without `from_tasks`
    those whose failure nothing handled. Raises InvalidInput if there is none to start.
    """
    chosen = _chosen(workflow, from_tasks) or _failed(workflow, states, state)
    if not chosen:
        raise InvalidInput("No task has failed; name the tasks to run again")
    plan = _plan(workflow, chosen)
    renewed = WorkflowState(
        variables=dict(state.variables),
        tasks={name: _renewed(workflow, states, plan, name) for name in workflow.tasks},
    )
    for scope in plan.reopened:
        _reopen(workflow, renewed, scope)
    return renewed, Restart(tasks=tuple(chosen))


def _chosen(workflow: Workflow, names: Collection[str]) -> list[str]:
    """Return the tasks that were named, without those nested in another of them."""
    for name in names:
        if name not in workflow.tasks:
            hint = did_you_mean(name, workflow.tasks)
            raise InvalidInput(f"there is no task '{name}'{hint}")
    wanted = dict.fromkeys(names)
    return [
        name for name in wanted if wanted.keys().isdisjoint(_around(workflow, name))
    ]


def _around(workflow: Workflow, name: str) -> Iterator[str]:
    """Give the tasks that a task is nested in, from the inside."""
    scope = workflow.tasks[name].scope
    while scope is not None:
        yield scope
        scope = workflow.tasks[scope].scope


def _failed(
    workflow: Workflow, states: Mapping[str, TaskState], state: WorkflowState
) -> list[str]:
    """Return the tasks whose failure nothing handled, the innermost ones."""
    noted = {failure["task"] for failure in state.failures}
    outermost = [name for name, task in workflow.tasks.items() if task.scope is None]
    return list(_unhandled(workflow, states, noted, outermost))


def _unhandled(
    workflow: Workflow,
    states: Mapping[str, TaskState],
    noted: Collection[str],
    names: Iterable[str],
) -> Iterator[str]:
    for name in names:
        if name in noted or _is_unhandled(workflow, states, name):
            nested = workflow.tasks[name].nested
            yield from list(_unhandled(workflow, states, noted, nested)) or [name]


def _is_unhandled(
    workflow: Workflow, states: Mapping[str, TaskState], name: str
) -> bool:
    """Tell whether a task failed and nothing that it may lead to has started."""
    if states.get(name, TaskState()).status in _SUCCESSES:
        return False
    after = [states.get(each, TaskState()) for each in workflow.tasks[name].targets]
    return not any(each.runs or each.status or name in each.arrivals for each in after)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a restart does to each task."""

    chosen: frozenset[str]
    reopened: tuple[str, ...]
    """Tasks that chosen ones are nested in, from the outside."""
    again: frozenset[str]
    """Those that will or may run again: what they led to does not count any more."""
    forgotten: frozenset[str]
    """Those that can only run again, with what is nested in them."""


def _plan(workflow: Workflow, chosen: Collection[str]) -> _Plan:
    around = [list(_around(workflow, name))[::-1] for name in chosen]
    reopened = tuple(dict.fromkeys(each for scopes in around for each in scopes))
    begun = frozenset(chosen) | set(reopened)
    again, forgotten = set(begun), set(chosen)
    for scope in {workflow.tasks[name].scope for name in begun}:
        here = {name for name in begun if workflow.tasks[name].scope == scope}
        after = reachable(workflow.tasks, here) - here
        entries = workflow.entries[scope]
        elsewhere = reachable(workflow.tasks, entries, without=here)
        again |= after
        forgotten |= after - elsewhere
    inner = {each for name in forgotten for each in workflow.within(name)}
    return _Plan(
        chosen=frozenset(chosen),
        reopened=reopened,
        again=frozenset(again | inner),
        forgotten=frozenset(forgotten | inner),
    )


def _renewed(
    workflow: Workflow, states: Mapping[str, TaskState], plan: _Plan, name: str
) -> TaskState:
    before, wanted = states.get(name, TaskState()), workflow.tasks[name].join
    arrivals = {
        each: count for each, count in before.arrivals.items() if each not in plan.again
    }
    fired = min(before.fired, fired_by(arrivals, wanted)) if wanted else 0
    if wanted and name in plan.chosen:
        # It starts without them: those who have come or come now are not waited for.
        fired = max([1, *arrivals.values()])
    if name in plan.forgotten:
        return TaskState(arrivals=arrivals, fired=fired)
    kept = replace(before, live=0, waiting=0, arrivals=arrivals, fired=fired)
    # Runs are counted anew, but a task with nested ones knows that it is not the first.
    kept.runs = min(before.runs, 1)
    return kept


def _reopen(workflow: Workflow, state: WorkflowState, name: str) -> None:
    """Let a task with nested tasks go on, as if it had not ended."""
    task, scope = state.task(name), workflow.tasks[name].scope
    task.runs = task.live = 1
    task.status = task.ended_run = None
    state.scopes[name] = ScopeState()
    state.live += 1
    if scope is not None:
        state.scopes[scope].live += 1
