"""How a run of a task ends, and what follows from that."""

from attune.domain.errors import InvalidInput
from attune.domain.execution import ExecutionStatus
from attune.domain.json import Json
from attune.domain.workflow_join import note_arrival
from attune.domain.workflow_start import start
from attune.domain.workflow_task import Publication, Task, Transition
from attune.domain.workflow_turn import Turn
from attune.domain.workflow_view import Outcome


def end(
    turn: Turn,
    task: Task,
    run: int,
    outcome: Outcome,
    execution_id: int | None = None,
) -> None:
    """Take note of a run that ended, and start what follows."""
    state = turn.state.task(task.name)
    state.status, state.ended_run = outcome.status, run
    state.execution_id = execution_id
    turn.leave(task)
    turn.view.note_result(task.name, outcome.result)
    is_handled = not turn.state.stopping and _follow(turn, task, outcome)
    if not (outcome.succeeded or is_handled or turn.state.stopping):
        turn.note_unhandled(task, outcome.error or describe(outcome))
    if state.waiting:
        state.waiting -= 1
        start(turn, task, None)
    if turn.state.stopping:
        state.waiting = 0


def describe(outcome: Outcome) -> str:
    """Say how something failed that left no text."""
    texts = {
        ExecutionStatus.TIMEOUT: "timed out",
        ExecutionStatus.CANCELLED: "was cancelled",
        ExecutionStatus.ABANDONED: "was abandoned",
    }
    return texts.get(ExecutionStatus(outcome.status), "failed")


def _follow(turn: Turn, task: Task, outcome: Outcome) -> bool:
    """Publish, then start what the transitions lead to; tell whether they do.

    All conditions are asked before anything is published, so that one and its negation
    never both hold.
    """
    try:
        if outcome.succeeded:
            _publish(turn, task.publish, outcome)
        fired = _fired(turn, task, outcome)
        for transition in fired:
            _publish(turn, transition.publish, outcome)
    except InvalidInput as wrong:
        turn.fail(f"Task '{task.name}': {wrong.message}", task)
        return False
    targets = dict.fromkeys(name for each in fired for name in each.targets)
    for name in targets:
        arrive(turn, task, turn.workflow.tasks[name])
    return bool(targets)


def _fired(turn: Turn, task: Task, outcome: Outcome) -> list[Transition]:
    fired: list[Transition] = []
    has_chosen = False
    for transition in task.transitions:
        if transition.is_choice and has_chosen:
            continue
        when = transition.when
        names = turn.view.names(when.reads) if when else {}
        if when is None or when.holds(names, outcome.functions):
            fired.append(transition)
            has_chosen = has_chosen or transition.is_choice
    return fired


def _publish(
    turn: Turn, publications: tuple[Publication, ...], outcome: Outcome
) -> None:
    for each in publications:
        turn.state.variables[each.name] = _published(turn, each, outcome)


def _published(turn: Turn, publication: Publication, outcome: Outcome) -> Json:
    templated = publication.value
    if templated is not None:
        names = turn.view.names(templated.reads)
        return templated.render(names, outcome.functions)
    result = outcome.result
    return result.get(publication.name) if isinstance(result, dict) else None


def arrive(turn: Turn, source: Task, target: Task) -> None:
    """Start a task that another one led to, or have it wait for more of them."""
    if (
        target.join is None
        or source.name == target.name
        or note_arrival(turn.state.task(target.name), source.name, target.join)
    ):
        start(turn, target, source.name)
