"""One execution of a task: its parameters, its limits, and what if it fails."""

from dataclasses import dataclass, replace
from math import ceil

from attune.domain.errors import InvalidInput
from attune.domain.execution import ExecutionStatus
from attune.domain.json import Json
from attune.domain.workflow_event import Run, Wait
from attune.domain.workflow_task import MAX_SECONDS, Backoff, Retry, Task
from attune.domain.workflow_turn import Turn
from attune.domain.workflow_view import Item, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Which execution of a task it is."""

    run: int
    item: Item | None = None
    retry_count: int = 0
    first_execution_id: int | None = None
    triggered_by: str | None = None

    @property
    def index(self) -> int | None:
        """Return the number of its item."""
        return self.item.index if self.item else None


def order_attempt(turn: Turn, task: Task, attempt: Attempt) -> None:
    """Order an execution; one whose parameters cannot be made is to fail."""
    parameters: Json = None
    timeout, max_retries, problem = None, 0, None
    try:
        if task.input is not None:
            parameters = turn.value(task.input, attempt.item, in_input=True)
        timeout = ceil(turn.amount(task.timeout, 0, attempt.item)) or None
        max_retries = _most(turn, task, attempt.item)
    except InvalidInput as wrong:
        parameters, problem = {}, wrong.message
    total, batch = _place(turn, task, attempt)
    turn.order(
        Run(
            task=task.name,
            run=attempt.run,
            item=attempt.index,
            item_total=total,
            batch=batch,
            retry_count=attempt.retry_count,
            max_retries=max_retries,
            first_execution_id=attempt.first_execution_id,
            action_ref=task.action_ref or "",
            parameters=parameters if isinstance(parameters, dict) else None,
            timeout_seconds=timeout,
            triggered_by=attempt.triggered_by,
            problem=problem,
        )
    )


def _place(turn: Turn, task: Task, attempt: Attempt) -> tuple[int | None, int | None]:
    """Return among how many items it is, and in which batch."""
    if attempt.item is None:
        return None, None
    fan_out = turn.state.fan_outs[task.name, attempt.run]
    size = fan_out.batch_size
    return fan_out.total, attempt.item.index // size if size else None


def _most(turn: Turn, task: Task, item: Item | None) -> int:
    return int(turn.amount(task.retry.count, 0, item)) if task.retry else 0


def attempt_again(turn: Turn, task: Task, failed: Attempt, outcome: Outcome) -> bool:
    """Order another attempt, now or later, if there is to be one."""
    if turn.state.stopping:
        return False
    try:
        seconds = _seconds_until_next(turn, task, failed, outcome)
    except InvalidInput as wrong:
        turn.fail(f"Task '{task.name}': {wrong.message}", task)
        return False
    if seconds is None:
        return False
    again = replace(failed, retry_count=failed.retry_count + 1)
    if seconds > 0:
        turn.order(_wait(task, again, seconds))
    else:
        order_attempt(turn, task, again)
    return True


def _wait(task: Task, attempt: Attempt, seconds: float) -> Wait:
    return Wait(
        task=task.name,
        run=attempt.run,
        item=attempt.index,
        retry_count=attempt.retry_count,
        first_execution_id=attempt.first_execution_id,
        seconds=seconds,
        triggered_by=attempt.triggered_by,
    )


def _seconds_until_next(
    turn: Turn, task: Task, failed: Attempt, outcome: Outcome
) -> float | None:
    """Return when to attempt it again; None for never."""
    retry = task.retry
    if retry is None or outcome.status == ExecutionStatus.CANCELLED:
        return None
    if failed.retry_count >= _most(turn, task, failed.item):
        return None
    if not _is_wanted(turn, retry, failed, outcome):
        return None
    delay = turn.amount(retry.delay, 0, failed.item)
    most = turn.amount(retry.max_delay, MAX_SECONDS, failed.item)
    return delay_of(retry.backoff, delay, failed.retry_count + 1, most)


def _is_wanted(turn: Turn, retry: Retry, failed: Attempt, outcome: Outcome) -> bool:
    if retry.on_error is None:
        return True
    names = turn.view.names(retry.on_error.reads, failed.item)
    return retry.on_error.holds(names, outcome.functions)


def delay_of(
    backoff: Backoff, delay: float, number: int, max_delay: float = MAX_SECONDS
) -> float:
    """Return the seconds before the n-th further attempt, counted from 1."""
    factors = {
        Backoff.CONSTANT: 1,
        Backoff.LINEAR: number,
        Backoff.EXPONENTIAL: 2.0 ** (number - 1),
    }
    return min(delay * factors[backoff], max_delay)
