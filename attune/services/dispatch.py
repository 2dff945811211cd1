"""What the dispatcher needs: claim what waits, and record what Temporal took.

A claim writes the workflow id into the rows and commits before Temporal hears of it;
a claim that is never confirmed lapses and is taken again under the same id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from attune.db.database import Database
from attune.db.repositories.dispatch import WaitingExecution
from attune.db.repositories.outbox import SignalKind, WaitingSignal
from attune.domain.execution import ExecutionKind
from attune.domain.hosting import group_executions
from attune.domain.settlement import Loss
from attune.messages.execution import Settlement
from attune.messages.names import execution_workflow_id, host_workflow_id
from attune.services.execution.settle import SettleService

__all__ = [
    "DispatchService",
    "Hosting",
    "SignalKind",
    "WaitingSignal",
    "fills_a_queue",
]

CLAIM_LAPSES = timedelta(seconds=20)
CLAIM_LIMIT = 200
LONGEST_QUEUE = 50
"""So many unstarted executions of one runtime Temporal gets to hold at a time.

More would not start sooner; what waits in the database meanwhile is hosted together.
"""
PATIENCE = 5
"""How often a signal is offered to a workflow run that cannot be found."""


@dataclass(frozen=True)
class Hosting:
    """The executions that one workflow run is to carry."""

    workflow_id: str
    executions: tuple[WaitingExecution, ...]

    @property
    def drives_workflow(self) -> bool:
        """Tell whether it is the run of a pack's workflow."""
        return self.executions[0].kind is ExecutionKind.WORKFLOW

    @property
    def trace_tag(self) -> str | None:
        """The one trace of all these executions, if there is one."""
        tags = {waiting.trace_tag for waiting in self.executions}
        return tags.pop() if len(tags) == 1 else None


class DispatchService:
    """Claims and confirmations, each one transaction."""

    def __init__(
        self, database: Database, settling: SettleService, *, batch_size: int
    ) -> None:
        self._database = database
        self._settling = settling
        self._batch_size = batch_size

    async def claim(self) -> list[Hosting]:
        """Take requested executions that nobody takes care of, grouped for hosting.

        Each claim stands by itself: a crash before the grouping is written leaves each
        execution with a workflow id of its own.
        """
        async with self._database.autocommit() as tx:
            fresh = await tx.dispatch.claim_fresh(CLAIM_LIMIT, LONGEST_QUEUE)
            hostings = [_host(group) for group in _group(fresh, self._batch_size)]
            for hosting in hostings:
                if len(hosting.executions) > 1:
                    await tx.dispatch.assign_workflow(
                        hosting.workflow_id, _ids([hosting])
                    )
        return hostings

    async def claim_lapsed(self) -> list[Hosting]:
        """Take up claims that were given back or never confirmed, as they were."""
        async with self._database.transaction() as tx:
            return _regroup(await tx.dispatch.claim_lapsed(CLAIM_LAPSES))

    async def is_held_back(self) -> bool:
        """Tell whether executions wait for room in a queue."""
        async with self._database.autocommit() as tx:
            return await tx.dispatch.is_held_back()

    async def confirm(self, hostings: Sequence[Hosting]) -> None:
        """Record that Temporal has these executions."""
        if hostings:
            async with self._database.autocommit() as tx:
                await tx.dispatch.mark_scheduled(_ids(hostings))

    async def release(self, hostings: Sequence[Hosting]) -> None:
        """Give claims back at once, because Temporal did not answer."""
        if hostings:
            async with self._database.autocommit() as tx:
                await tx.dispatch.release_claims(_ids(hostings))

    async def claim_signals(self) -> list[WaitingSignal]:
        """Take the outbox rows that are due; each comes back unless delivered."""
        async with self._database.autocommit() as tx:
            return await tx.outbox.claim_due(CLAIM_LIMIT)

    async def delivered(self, signal: WaitingSignal) -> None:
        """Forget a signal that Temporal has."""
        async with self._database.autocommit() as tx:
            await tx.outbox.forget(signal.outbox_id)

    async def undeliverable(self, signal: WaitingSignal) -> None:
        """Settle a cancel ourselves once the workflow run has proved to be gone.

        Of anything else the rows tell whoever takes up what the run has left.
        """
        if signal.attempt_count < PATIENCE:
            return
        if signal.kind is SignalKind.CANCEL:
            await self._settling.settle(
                Settlement(execution_id=signal.execution_id, cause=Loss.CANCELLED)
            )
        await self.delivered(signal)


def fills_a_queue(hostings: Sequence[Hosting]) -> bool:
    """Tell whether more may be waiting for room in a queue after this claim."""
    claimed = [e for hosting in hostings for e in hosting.executions]
    queued_count = max(e.queued_count for e in claimed)
    return len(claimed) == CLAIM_LIMIT or queued_count + len(claimed) >= LONGEST_QUEUE


def _group(
    fresh: Sequence[WaitingExecution], batch_size: int
) -> list[Sequence[WaitingExecution]]:
    actions = [each for each in fresh if each.kind is ExecutionKind.ACTION]
    others: list[Sequence[WaitingExecution]] = [
        [each] for each in fresh if each.kind is not ExecutionKind.ACTION
    ]
    queued_count = actions[0].queued_count if actions else 0
    return [*group_executions(actions, batch_size, queued_count), *others]


def _host(group: Sequence[WaitingExecution]) -> Hosting:
    first = group[0]
    if len(group) == 1:
        name = execution_workflow_id(first.execution_id, first.generation)
    else:
        name = host_workflow_id(first.execution_id, first.generation)
    return Hosting(workflow_id=name, executions=tuple(group))


def _regroup(lapsed: Sequence[WaitingExecution]) -> list[Hosting]:
    groups: dict[str, list[WaitingExecution]] = {}
    for waiting in lapsed:
        groups.setdefault(waiting.workflow_id or "", []).append(waiting)
    return [Hosting(name, tuple(group)) for name, group in groups.items()]


def _ids(hostings: Sequence[Hosting]) -> list[int]:
    return [e.execution_id for hosting in hostings for e in hosting.executions]
