"""How a run of a task starts: skipped, delayed, as one execution, or over a list."""

from collections.abc import Mapping
from typing import Final

from attune.domain.errors import InvalidInput
from attune.domain.execution import ExecutionStatus
from attune.domain.expression_value import type_name
from attune.domain.json import Json, format_place
from attune.domain.workflow_attempt import Attempt, order_attempt
from attune.domain.workflow_event import Begin, Expand, Feed, Over, Run, Wait
from attune.domain.workflow_state import SKIPPED, FanOut
from attune.domain.workflow_task import Task
from attune.domain.workflow_template import Templated
from attune.domain.workflow_turn import Turn
from attune.domain.workflow_view import Item

MAX_CONCURRENCY: Final = 100
MAX_ITEMS: Final = 10_000


def start(turn: Turn, task: Task, by: str | None) -> None:
    """Start a run, unless nothing may start any more."""
    state = turn.state.task(task.name)
    if turn.state.stopping:
        return
    if task.is_scope and state.live:
        state.waiting += 1
        return
    if state.runs >= turn.facts.max_task_runs:
        times = f"has run {state.runs} times: is this a loop without an end?"
        turn.fail(f"Task '{task.name}' {times}", task)
        return
    try:
        is_wanted = _is_wanted(turn, task)
    except InvalidInput as wrong:
        turn.fail(f"Task '{task.name}': {wrong.message}", task)
        return
    state.runs += 1
    turn.enter(task)
    if is_wanted:
        _start_in_time(turn, task, state.runs, by)
    else:
        turn.order(Feed(event=Over(task=task.name, run=state.runs, status=SKIPPED)))


def _is_wanted(turn: Turn, task: Task) -> bool:
    if task.when is None:
        return True
    return task.when.holds(turn.view.names(task.when.reads), {})


def _start_in_time(turn: Turn, task: Task, run: int, by: str | None) -> None:
    try:
        seconds = turn.amount(task.delay, 0)
    except InvalidInput as wrong:
        _refuse(turn, task, run, by, wrong.message)
        return
    if seconds > 0:
        wait = Wait(task=task.name, run=run, seconds=seconds, triggered_by=by)
        turn.order(wait)
    else:
        launch(turn, task, run, by)


def launch(turn: Turn, task: Task, run: int, by: str | None) -> None:
    """Do what the task is there for, now that its time has come."""
    if task.is_scope:
        turn.order(Feed(event=Begin(scope=task.name, run=run)))
    elif task.with_items is not None:
        _expand(turn, task, task.with_items, run, by)
    else:
        order_attempt(turn, task, Attempt(run=run, triggered_by=by))


def _refuse(turn: Turn, task: Task, run: int, by: str | None, problem: str) -> None:
    """Let a run fail that cannot be made."""
    if task.action_ref is None:
        status = ExecutionStatus.FAILED
        over = Over(task=task.name, run=run, status=status, error=problem)
        turn.order(Feed(event=over))
        return
    turn.order(
        Run(
            task=task.name,
            run=run,
            action_ref=task.action_ref,
            parameters={},
            triggered_by=by,
            problem=problem,
        )
    )


def _expand(
    turn: Turn, task: Task, with_items: Templated, run: int, by: str | None
) -> None:
    try:
        values = _values(turn, with_items)
        fan_out = _fan_out(turn, task, len(values))
    except InvalidInput as wrong:
        _refuse(turn, task, run, by, wrong.message)
        return
    turn.state.fan_outs[task.name, run] = fan_out
    if not values:
        turn.order(Feed(event=Over(task=task.name, run=run)))
        return
    turn.order(Expand(task=task.name, run=run, values=values))
    start_items(turn, task, run, dict(enumerate(values)), by)


def _values(turn: Turn, with_items: Templated) -> list[Json]:
    values = turn.value(with_items)
    place = format_place(with_items.place)
    if not isinstance(values, list):
        raise InvalidInput(f"{place}: must give a list, not {type_name(values)}")
    if len(values) > MAX_ITEMS:
        raise InvalidInput(f"{place}: gives more than {MAX_ITEMS} items")
    return values


def _fan_out(turn: Turn, task: Task, total: int) -> FanOut:
    batch_size = turn.amount(task.batch_size, 0)
    concurrency = turn.amount(task.concurrency, batch_size or 1)
    return FanOut(
        total=total,
        concurrency=min(int(concurrency), MAX_CONCURRENCY),
        batch_size=int(batch_size) or None,
    )


def start_items(
    turn: Turn, task: Task, run: int, values: Mapping[int, Json], by: str | None
) -> None:
    """Start as many items as may run now."""
    fan_out = turn.state.fan_outs[task.name, run]
    for index in fan_out.next_items():
        fan_out.next_index += 1
        fan_out.live += 1
        item = Item(index, values.get(index))
        order_attempt(turn, task, Attempt(run=run, item=item, triggered_by=by))
