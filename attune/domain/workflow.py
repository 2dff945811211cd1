"""The interpreter of pack workflows: state and event in, orders out; pure.

`step` changes the state that it is given and nothing else. An event that a Feed orders
is fed before the transaction ends; every other is fed when it happens, exactly once.
"""

from typing import assert_never

from attune.domain.errors import InvalidInput
from attune.domain.execution import ExecutionStatus
from attune.domain.workflow_attempt import Attempt, attempt_again, order_attempt
from attune.domain.workflow_conclusion import conclusion_of
from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_end import end
from attune.domain.workflow_event import (
    Begin,
    Conclude,
    Conclusion,
    Due,
    Ended,
    Event,
    Facts,
    Order,
    Over,
    Restart,
    Stop,
)
from attune.domain.workflow_item import end_item, outcome_of_items
from attune.domain.workflow_scope import close_if_over, open_scope, outcome_of_scope
from attune.domain.workflow_start import launch, start
from attune.domain.workflow_state import WorkflowState
from attune.domain.workflow_task import Task
from attune.domain.workflow_turn import Turn
from attune.domain.workflow_view import Item, Outcome, View


def step(
    workflow: Workflow, state: WorkflowState, event: Event, facts: Facts
) -> list[Order]:
    """Take note of the event in the state, and return what is to be done."""
    turn = Turn(workflow, state, facts, View(workflow, state, facts))
    _take(turn, event)
    if isinstance(event, Ended | Due | Over):
        close_if_over(turn, workflow.tasks[event.task].scope)
    if state.live == 0:
        turn.order(Conclude())
    return turn.orders


def conclude(workflow: Workflow, state: WorkflowState, facts: Facts) -> Conclusion:
    """Return how the workflow ends, once a step has ordered to Conclude."""
    return conclusion_of(workflow, state, facts)


def _take(turn: Turn, event: Event) -> None:
    match event:
        case Begin():
            _begin(turn, event)
        case Ended():
            _ended(turn, turn.workflow.tasks[event.task], event)
        case Due():
            _due(turn, turn.workflow.tasks[event.task], event)
        case Over():
            _over(turn, turn.workflow.tasks[event.task], event)
        case Restart():
            _restart(turn, event)
        case Stop():
            turn.stop()
        case _:
            assert_never(event)


def _begin(turn: Turn, event: Begin) -> None:
    if event.scope is not None:
        open_scope(turn, turn.workflow.tasks[event.scope], event.run)
        return
    try:
        for name, template in turn.workflow.variables.items():
            turn.state.variables[name] = turn.value(template)
    except InvalidInput as wrong:
        turn.fail(wrong.message)
    for name in turn.workflow.entries[None]:
        start(turn, turn.workflow.tasks[name], None)


def _restart(turn: Turn, event: Restart) -> None:
    for name in event.tasks:
        start(turn, turn.workflow.tasks[name], None)
    for scope in turn.state.scopes:
        # Where nothing has started, nothing will end.
        close_if_over(turn, scope)


def _ended(turn: Turn, task: Task, event: Ended) -> None:
    outcome = Outcome(
        status=event.status,
        result=turn.facts.own_result,
        error=turn.facts.own_error,
        timed_out=event.status is ExecutionStatus.TIMEOUT or turn.facts.own_timed_out,
    )
    attempt = Attempt(
        run=event.run,
        item=_item(turn, event.item),
        retry_count=event.retry_count,
        first_execution_id=event.first_execution_id,
        triggered_by=event.triggered_by,
    )
    is_part = event.item is not None or not task.has_items
    if (
        is_part
        and not outcome.succeeded
        and attempt_again(turn, task, attempt, outcome)
    ):
        return
    if event.item is None:
        end(turn, task, event.run, outcome, event.execution_id)
    else:
        has_failed = not outcome.succeeded
        end_item(turn, task, event.run, event.triggered_by, has_failed=has_failed)


def _item(turn: Turn, index: int | None) -> Item | None:
    return None if index is None else Item(index, turn.facts.items.get(index))


def _due(turn: Turn, task: Task, event: Due) -> None:
    if turn.state.stopping:
        _drop(turn, task, event)
    elif event.retry_count:
        attempt = Attempt(
            run=event.run,
            item=_item(turn, event.item),
            retry_count=event.retry_count,
            first_execution_id=event.first_execution_id,
            triggered_by=event.triggered_by,
        )
        order_attempt(turn, task, attempt)
    else:
        launch(turn, task, event.run, event.triggered_by)


def _drop(turn: Turn, task: Task, event: Due) -> None:
    """End what waited for its time, which will not come."""
    if event.item is None:
        end(turn, task, event.run, Outcome(status=ExecutionStatus.CANCELLED))
    else:
        end_item(turn, task, event.run, event.triggered_by, has_failed=True)


def _over(turn: Turn, task: Task, event: Over) -> None:
    if event.status is not None:
        outcome = Outcome(status=event.status, error=event.error)
    elif task.is_scope:
        outcome = outcome_of_scope(turn, task)
    else:
        outcome = outcome_of_items(turn, task, event.run)
    end(turn, task, event.run, outcome)
