"""Joins: a task that waits until several others have led to it.

It starts for the n-th time when enough predecessors have arrived n times, so that in a
loop every turn is counted for itself.
"""

from collections.abc import Mapping

from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_state import TaskState


def note_arrival(state: TaskState, source: str, wanted: int) -> bool:
    """Count an arrival; tell whether it lets the task start."""
    count = state.arrivals.get(source, 0) + 1
    state.arrivals[source] = count
    if count <= state.fired or _arrived(state, count) < wanted:
        return False
    state.fired = count
    return True


def _arrived(state: TaskState, round_number: int) -> int:
    if round_number == 1:
        return len(state.arrivals)
    return sum(count >= round_number for count in state.arrivals.values())


def fired_by(arrivals: Mapping[str, int], wanted: int) -> int:
    """Return how often so many arrivals let a join start."""
    counts = sorted(arrivals.values(), reverse=True)
    return counts[wanted - 1] if len(counts) >= wanted else 0


def unfired_joins(
    workflow: Workflow, states: Mapping[str, TaskState], scope: str | None = None
) -> dict[str, str]:
    """Return the joins of a scope that wait for what cannot come any more, and why."""
    found = {}
    for name in workflow.joins.get(scope, ()):
        state = states.get(name, TaskState())
        came = [each for each, count in state.arrivals.items() if count > state.fired]
        if came:
            listed = ", ".join(sorted(came))
            found[name] = (
                f"Task '{name}' waited for {workflow.tasks[name].join} arrivals"
                f" and got {len(came)} (from {listed})"
            )
    return found
