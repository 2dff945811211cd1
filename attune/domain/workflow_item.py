"""How the items of a run over a list end, and what the whole of them comes to."""

from attune.domain.execution import ExecutionStatus
from attune.domain.workflow_event import Feed, Over
from attune.domain.workflow_start import start_items
from attune.domain.workflow_task import Task
from attune.domain.workflow_turn import Turn
from attune.domain.workflow_view import Outcome


def end_item(
    turn: Turn, task: Task, run: int, by: str | None, *, has_failed: bool
) -> None:
    """Take note of an item that ended, and start those that may run now."""
    fan_out = turn.state.fan_outs[task.name, run]
    fan_out.live -= 1
    fan_out.ended += 1
    fan_out.failed += has_failed
    if turn.state.stopping:
        fan_out.next_index = fan_out.total
    else:
        start_items(turn, task, run, turn.facts.items, by)
    if fan_out.is_over:
        turn.order(Feed(event=Over(task=task.name, run=run)))


def outcome_of_items(turn: Turn, task: Task, run: int) -> Outcome:
    """Return how the run ended, now that all of its items have."""
    fan_out, facts = turn.state.fan_outs[task.name, run], turn.facts
    if not fan_out.failed:
        is_cut = fan_out.ended < fan_out.total
        status = ExecutionStatus.CANCELLED if is_cut else ExecutionStatus.COMPLETED
        return Outcome(status=status, result=facts.item_results)
    error = f"{fan_out.failed} of {fan_out.total} items failed"
    return Outcome(
        status=ExecutionStatus.TIMEOUT
        if facts.own_timed_out
        else ExecutionStatus.FAILED,
        result=facts.item_results,
        error=f"{error}: {facts.own_error}" if facts.own_error else error,
        timed_out=facts.own_timed_out,
    )
