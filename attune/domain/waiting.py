"""Why an execution does not run, in words and for programs, and since when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from attune.domain.execution import ExecutionStatus
from attune.domain.json import JsonObject


class WaitKind(StrEnum):
    """What an execution can wait for."""

    DISPATCH = "dispatch"  # it was only just requested
    TEMPORAL = "temporal"  # Temporal does not answer
    ROOM = "room"  # a queue or the workflow that it is a task of is full
    POLICY = "policy"
    WORKER = "worker"  # none offers its runtime
    QUEUE = "queue"  # workers are busy
    INQUIRY = "inquiry"  # a person has to answer
    PAUSED = "paused"
    DELAY = "delay"
    RETRY = "retry"
    CANCEL = "cancel"  # its processes or tasks still end


@dataclass(frozen=True, kw_only=True)
class WaitFacts:
    """What the rows say about one execution that has not ended."""

    status: ExecutionStatus
    runtime_ref: str | None
    since: datetime
    """When it came to stand where it stands."""
    is_young: bool
    """That was a moment ago: nothing need be wrong."""
    was_given_back: bool
    """It was offered to Temporal, and not taken."""
    is_task_of_run: bool
    """The run that drives its workflow starts it, not the dispatcher."""
    policy: JsonObject | None
    place: int | None
    worker_count: int
    ahead: int
    inquiry: JsonObject | None
    paused: JsonObject | None
    timer: JsonObject | None
    """The next start or retry of a workflow of which nothing runs."""


def waiting_for(facts: WaitFacts) -> JsonObject | None:
    """Return what the execution waits for; None while it runs, and when it has ended."""
    reason = _REASONS.get(facts.status)
    return reason(facts) if reason else None


def _requested(facts: WaitFacts) -> JsonObject:
    if facts.is_task_of_run:
        return _reason(facts, WaitKind.ROOM, "its workflow runs as much as it may")
    if facts.was_given_back:
        return _reason(facts, WaitKind.TEMPORAL, "Temporal does not answer just now")
    if facts.is_young:
        return _reason(facts, WaitKind.DISPATCH, "it was only just requested")
    if not facts.worker_count:
        return _without_worker(facts)
    return _reason(facts, WaitKind.ROOM, "the queue of its runtime is long")


def _policy(facts: WaitFacts) -> JsonObject:
    said = facts.policy or {}
    text = f"policy {said.get('policy')} lets no more run"
    if facts.place is not None:
        text += f"; it is number {facts.place} in the queue"
    reason = {**_reason(facts, WaitKind.POLICY, text), **said}
    return reason if facts.place is None else {**reason, "place": facts.place}


def _scheduled(facts: WaitFacts) -> JsonObject:
    if not facts.worker_count:
        return _without_worker(facts)
    reason = _reason(facts, WaitKind.QUEUE, "all workers of its runtime are busy")
    return {**reason, "runtime": facts.runtime_ref, "ahead": facts.ahead}


def _without_worker(facts: WaitFacts) -> JsonObject:
    text = f"no worker that is there offers {facts.runtime_ref}"
    return {**_reason(facts, WaitKind.WORKER, text), "runtime": facts.runtime_ref}


def _running(facts: WaitFacts) -> JsonObject | None:
    if facts.inquiry is not None:
        assignee = facts.inquiry.get("assigned_to_login")
        who = f"{assignee} has" if assignee else "somebody has"
        text = f"{who} to answer inquiry {facts.inquiry.get('inquiry')}"
        return {**_reason(facts, WaitKind.INQUIRY, text), **facts.inquiry}
    if facts.paused is not None:
        text = f"{facts.paused.get('by')} paused it"
        return {**_reason(facts, WaitKind.PAUSED, text), **facts.paused}
    if facts.timer is not None:
        is_retry = bool(facts.timer.get("retry_count"))
        kind = WaitKind.RETRY if is_retry else WaitKind.DELAY
        what = "is tried again" if is_retry else "starts"
        text = f"task {facts.timer.get('task')} {what} at {facts.timer.get('until')}"
        return {**_reason(facts, kind, text), **facts.timer}
    return None


def _reason(facts: WaitFacts, kind: WaitKind, text: str) -> JsonObject:
    return {"kind": kind.value, "message": text, "since": facts.since.isoformat()}


def _canceling(facts: WaitFacts) -> JsonObject:
    return _reason(facts, WaitKind.CANCEL, "what it still runs has to end")


_REASONS: dict[ExecutionStatus, Callable[[WaitFacts], JsonObject | None]] = {
    ExecutionStatus.REQUESTED: _requested,
    ExecutionStatus.SCHEDULING: _policy,
    ExecutionStatus.SCHEDULED: _scheduled,
    ExecutionStatus.RUNNING: _running,
    ExecutionStatus.CANCELING: _canceling,
}
