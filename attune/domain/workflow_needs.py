"""What the service has to load before a step; known from the definition alone."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Final, assert_never

from attune.domain.keystore import KEYSTORE
from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_event import Begin, Due, Ended, Event, Over, Restart, Stop
from attune.domain.workflow_state import FanOut
from attune.domain.workflow_task import Task
from attune.domain.workflow_template import Path, Reads, all_reads

TASK_NAMES: Final = frozenset({"task", "tasks"})
CONFIG: Final = "config"
RESULT: Final = "result"
_STATUS: Final = "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one step, or the conclusion, may read."""

    states: frozenset[str] = frozenset()
    """Tasks whose state is read or changed."""
    results: frozenset[str] = frozenset()
    """Tasks with an action whose result is read; their states are needed too."""
    own_result: bool = False
    """The result of the execution that ended."""
    item_results: bool = False
    """The results of all items of the run that is over."""
    items: frozenset[int] = frozenset()
    """Items of the event's run whose values are read."""
    config: bool = False
    """The configuration of the workflow's pack."""
    keystore: frozenset[tuple[str, ...]] = frozenset()
    """Paths below `keystore`; joined with dots they are refs of keys."""

    def __or__(self, other: "Needs") -> "Needs":
        return Needs(
            **{
                each.name: getattr(self, each.name) | getattr(other, each.name)
                for each in fields(self)
            }
        )


def needs(workflow: Workflow, event: Event, fan_out: FanOut | None = None) -> Needs:
    """Return what a step reads; give the fan-out of an event that is about an item."""
    match event:
        case Begin():
            wanted = _of_begin(workflow, event)
        case Ended():
            wanted = _of_end(workflow, event, fan_out)
        case Due():
            items = set() if event.item is None else {event.item}
            wanted = _of_starts(workflow, [event.task]) | _items(items)
        case Over():
            wanted = _of_over(workflow, workflow.tasks[event.task])
        case Restart():
            wanted = _of_starts(workflow, event.tasks)
        case Stop():
            wanted = Needs()
        case _:
            assert_never(event)
    return wanted


def conclusion_needs(workflow: Workflow) -> Needs:
    """Return what `conclude` reads."""
    reads = all_reads(each.reads for each in workflow.output_map.values())
    joins = frozenset(workflow.joins.get(None, ()))
    return _of_reads(workflow, reads) | Needs(states=joins)


def _of_begin(workflow: Workflow, event: Begin) -> Needs:
    entries = _of_starts(workflow, workflow.entries[event.scope])
    if event.scope is None:
        reads = all_reads(each.reads for each in workflow.variables.values())
        return entries | _of_reads(workflow, reads)
    # What a run before this one left behind is cleared.
    left = workflow.within(event.scope) if event.run > 1 else ()
    return entries | Needs(states=frozenset((event.scope, *left)))


def _of_end(workflow: Workflow, event: Ended, fan_out: FanOut | None) -> Needs:
    task = workflow.tasks[event.task]
    retried = _of_reads(workflow, task.retry_reads)
    if event.item is not None:
        following = fan_out.next_items(freed=1) if fan_out else range(0)
        again = {event.item} if task.retry else set()
        started = _of_starts(workflow, [task.name]) | _items({*following, *again})
        is_read = RESULT in task.retry_reads.calls
        return retried | started | Needs(own_result=is_read)
    after = _of_transitions(workflow, task)
    is_read = RESULT in (task.end_reads | task.retry_reads).calls
    # Of its own run it is the result that comes with the event.
    wanted = retried | replace(after, results=after.results - {task.name})
    return wanted | Needs(own_result=is_read or task.name in after.results)


def _of_over(workflow: Workflow, task: Task) -> Needs:
    after = _of_transitions(workflow, task)
    is_read = RESULT in task.end_reads.calls
    if not task.is_scope:
        is_read = is_read or task.name in after.results
        after = replace(after, results=after.results - {task.name})
        return after | Needs(item_results=is_read and task.has_items)
    joins = Needs(states=frozenset(workflow.joins.get(task.name, ())))
    again = _of_starts(workflow, [task.name])
    own = _of_results(workflow, task.name) if is_read else Needs()
    return after | joins | again | own


def _of_transitions(workflow: Workflow, task: Task) -> Needs:
    return (
        _of_reads(workflow, task.end_reads)
        | Needs(states=frozenset({task.name}))
        | _of_starts(workflow, task.targets)
    )


def _of_starts(workflow: Workflow, names: Iterable[str]) -> Needs:
    started = [workflow.tasks[name] for name in names]
    reads = all_reads(task.start_reads for task in started)
    states = frozenset(task.name for task in started)
    return _of_reads(workflow, reads) | Needs(states=states)


def _items(indices: set[int]) -> Needs:
    return Needs(items=frozenset(indices))


def _of_reads(workflow: Workflow, reads: Reads) -> Needs:
    found = Needs(
        config=any(path[0] == CONFIG for path in reads.paths),
        keystore=frozenset(path[1:] for path in reads.paths if path[0] == KEYSTORE),
    )
    for path in reads.paths:
        if path[0] in TASK_NAMES:
            found |= _of_task_path(workflow, path)
    return found


def _of_task_path(workflow: Workflow, path: Path) -> Needs:
    """Return what `task.name.result.a` needs; `task` alone may be any of them."""
    if len(path) == 1:
        everything = frozenset(workflow.tasks)
        plain = frozenset(each for each in everything if _is_plain(workflow, each))
        return Needs(states=everything, results=plain)
    name, field = path[1], path[2] if len(path) > 2 else RESULT  # noqa: PLR2004
    if name not in workflow.tasks:
        return Needs()
    if field != RESULT:
        return Needs(states=frozenset({name}))
    return _of_results(workflow, name, path[3:])


def _is_plain(workflow: Workflow, name: str) -> bool:
    return not workflow.tasks[name].is_scope


def _of_results(workflow: Workflow, name: str, path: Path = ()) -> Needs:
    leaves = workflow.leaves(name, path)
    states = {name, *leaves}
    if workflow.tasks[name].is_scope:
        # Whether a nested task has run at all decides what its field holds.
        states |= {*workflow.within(name)}
    return Needs(states=frozenset(states), results=leaves)
