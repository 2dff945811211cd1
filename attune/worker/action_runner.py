"""Run the actions Temporal hands out: fenced by the API, ended by the supervisor."""

import asyncio
import contextlib
import logging
from collections.abc import Collection
from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from attune.domain.execution import ExecutionStatus, is_terminal
from attune.messages.execution import ActionOutcome, ActionRun
from attune.runtimes.launch import ActionLaunch
from attune.runtimes.report import AttemptEnd, AttemptStart
from attune.worker.api_client import Refused, WorkerApi
from attune.worker.attempt import Attempt, Turn

logger = logging.getLogger(__name__)

BEAT_SECONDS = 3.0
FENCE_SECONDS = 20.0
"""So long without the API, an action that may be run elsewhere ends itself."""


class Attempts(Protocol):
    """What the runner needs to run a launch on this machine."""

    async def run(self, launch: ActionLaunch, attempt: Attempt) -> AttemptEnd:
        """Run the process to its end, which is not yet recorded."""


class Runner:
    """The `run_action` activity of one worker process."""

    def __init__(self, api: WorkerApi, attempts: Attempts) -> None:
        self._api = api
        self._attempts = attempts
        self._running: dict[int, Attempt] = {}
        self.worker_id = 0

    async def run(self, request: ActionRun) -> ActionOutcome:
        """Run the action, beating; a cancel by Temporal ends its processes first."""
        turn = Turn(request.execution_id, goes_on=request.goes_on)
        work = asyncio.create_task(self._run_turn(turn))
        beat = asyncio.create_task(_beat())
        try:
            return await _until_done(work, turn)
        finally:
            beat.cancel()

    def running_ids(self) -> Collection[int]:
        """Return the executions whose processes run here now."""
        return self._running.keys()

    def stop(self, execution_id: int) -> None:
        """End the processes of this execution, if they run here."""
        if attempt := self._running.get(execution_id):
            attempt.cancelled.set()

    def lost_contact(self, seconds: float) -> None:
        """End what might be started elsewhere meanwhile: it must not overlap itself."""
        if seconds > FENCE_SECONDS:
            for attempt in self._running.values():
                if attempt.may_rerun:
                    attempt.cancelled.set()

    async def _run_turn(self, turn: Turn) -> ActionOutcome:
        """Run the execution that was asked for, and what the API has follow it."""
        first = turn.attempt
        start = AttemptStart(attempt_id=first.id, worker_id=self.worker_id)
        try:
            launch = await self._api.start(first.execution_id, start)
        except Refused as refused:
            return _refusal(first.execution_id, refused)
        turn.limit_seconds = launch.timeout_seconds
        following = await self._run_launch(launch, turn)
        while isinstance(following, ActionLaunch):
            turn.go_on_with(following.execution_id)
            following = await self._run_launch(following, turn)
        return following

    async def _run_launch(
        self, launch: ActionLaunch, turn: Turn
    ) -> ActionLaunch | ActionOutcome:
        """Run it to its recorded end; returns what follows, or how the turn ended."""
        attempt = turn.attempt
        attempt.may_rerun = launch.on_worker_loss == "rerun"
        self._running[attempt.execution_id] = attempt
        try:
            end = await self._attempts.run(launch, attempt)
            wish = turn.wish(self.worker_id)
            record = await self._api.finish(
                attempt.execution_id, end.model_copy(update={"next": wish})
            )
        except Refused as refused:
            if turn.is_first:
                return _refusal(attempt.execution_id, refused)
            return turn.outcome(unsure=True)
        finally:
            self._running.pop(attempt.execution_id, None)
        turn.note(record)
        return record.next or turn.outcome()


async def _until_done(work: asyncio.Task[ActionOutcome], turn: Turn) -> ActionOutcome:
    while True:
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            _hear_cancel(turn)


def _hear_cancel(turn: Turn) -> None:
    """Act on what Temporal says: only a wanted cancel or our own end stops the work.

    When Temporal merely lost sight of us (it was down, say), the row decides: the
    work goes on, and the API learns its end.
    """
    details = activity.cancellation_details()
    if details is None or details.cancel_requested:
        turn.cancel()
    elif details.worker_shutdown:
        turn.stop()
    else:
        turn.leave()


async def _beat() -> None:
    while True:
        # Not at once: what ends before the first beat costs Temporal none.
        await asyncio.sleep(BEAT_SECONDS)
        with contextlib.suppress(RuntimeError):
            activity.heartbeat()


def _refusal(execution_id: int, refused: Refused) -> ActionOutcome:
    """Return what is on record when the API refused this attempt."""
    details = refused.body.get("details")
    status = details.get("status") if isinstance(details, dict) else None
    if status is None and refused.status_code != 404:  # noqa: PLR2004 - row is gone
        logger.error("attempt refused", extra={"status": refused.status_code})
        raise ApplicationError("REFUSED", type="REFUSED", non_retryable=True)
    recorded = ExecutionStatus(status) if status else None
    return ActionOutcome(execution_id=execution_id, status=_terminal(recorded))


def _terminal(status: ExecutionStatus | None) -> ExecutionStatus | None:
    return status if status is not None and is_terminal(status) else None
