"""What Temporal has yet to be told."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, insert, text

from attune.db.models.outbox import OutboxMessage
from attune.db.repositories.base import Repository

# Take what is due; it comes back after a second unless it was delivered by then.
_CLAIM_DUE = text("""
    UPDATE attune.outbox AS o
    SET
        attempt_count = o.attempt_count + 1,
        next_attempt_at = now() + LEAST(o.attempt_count + 1, 10) * interval '1 second'
    FROM (
        SELECT id
        FROM attune.outbox
        WHERE next_attempt_at <= now() AND kind = ANY(CAST(:kinds AS text[]))
        ORDER BY next_attempt_at, id
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE o.id = due.id
    RETURNING o.id, o.kind, o.workflow_id, o.payload, o.attempt_count
""")

# A table trigger writes these rows whenever a timer has changed.
_CLAIM_TIMERS = text("""
    UPDATE attune.outbox AS o
    SET attempt_count = o.attempt_count + 1, next_attempt_at = now() + interval '2 seconds'
    FROM (
        SELECT id
        FROM attune.outbox
        WHERE next_attempt_at <= now() AND kind = 'set_timer'
        ORDER BY next_attempt_at, id
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE o.id = due.id
    RETURNING o.id, CAST(o.payload ->> 'rule_id' AS bigint) AS rule_id
""")

_ADD_TIMERS = text("""
    INSERT INTO attune.outbox (kind, payload)
    SELECT 'set_timer', jsonb_build_object('rule_id', rule_id)
    FROM unnest(CAST(:rule_ids AS bigint[])) AS rule_id
""")

_ADD_WAKES = text("""
    INSERT INTO attune.outbox (kind, workflow_id, payload)
    SELECT :kind, workflow_id, jsonb_build_object('execution_id', id)
    FROM attune.execution
    WHERE id = ANY(CAST(:ids AS bigint[])) AND workflow_id IS NOT NULL
    ORDER BY id
""")


class SignalKind(StrEnum):
    """What a workflow run has to hear; the rows say the rest."""

    CANCEL = "cancel_execution"  # this execution is to end
    ENDED = "execution_ended"  # it ended outside of the workflow run
    WAKE = "wake_workflow"  # look again: resumed, paused, admitted


@dataclass(frozen=True)
class WaitingSignal:
    """A word that a workflow run has to hear of one execution."""

    outbox_id: int
    kind: SignalKind
    workflow_id: str
    execution_id: int
    attempt_count: int
    """How often it has been tried, this time included."""


class OutboxRepository(Repository[OutboxMessage]):
    """Rows that the dispatcher delivers and then deletes."""

    model = OutboxMessage

    async def add_cancel(self, workflow_id: str, execution_id: int) -> None:
        """Have the workflow run told that this execution is to end."""
        await self._add(SignalKind.CANCEL, workflow_id, execution_id)

    async def add_ended(self, workflow_id: str, execution_id: int) -> None:
        """Have the workflow run told that this execution has ended elsewhere."""
        await self._add(SignalKind.ENDED, workflow_id, execution_id)

    async def add_wake(self, workflow_id: str, execution_id: int) -> None:
        """Have the run of this workflow's execution look at its rows again."""
        await self._add(SignalKind.WAKE, workflow_id, execution_id)

    async def add_wakes(self, execution_ids: Collection[int]) -> None:
        """Have the runs of these workflows' executions look at their rows again."""
        values = {"kind": SignalKind.WAKE.value, "ids": list(execution_ids)}
        await self._session.execute(_ADD_WAKES, values)

    async def _add(self, kind: SignalKind, workflow_id: str, execution_id: int) -> None:
        values = {
            "kind": kind.value,
            "workflow_id": workflow_id,
            "payload": {"execution_id": execution_id},
        }
        await self._session.execute(insert(OutboxMessage).values(values))

    async def claim_due(self, limit: int) -> list[WaitingSignal]:
        """Take what is due; each comes back unless it is forgotten."""
        values = {"limit": limit, "kinds": [kind.value for kind in SignalKind]}
        rows = await self._session.execute(_CLAIM_DUE, values)
        return [
            WaitingSignal(
                outbox_id=row.id,
                kind=SignalKind(row.kind),
                workflow_id=row.workflow_id,
                execution_id=row.payload["execution_id"],
                attempt_count=row.attempt_count,
            )
            for row in rows
        ]

    async def forget(self, *outbox_ids: int) -> None:
        """Delete messages that were delivered."""
        await self._session.execute(
            delete(OutboxMessage).where(OutboxMessage.id.in_(outbox_ids))
        )

    async def add_timers(self, rule_ids: Collection[int]) -> None:
        """Have Temporal told of the timers of these rules, as they are by then."""
        await self._session.execute(_ADD_TIMERS, {"rule_ids": list(rule_ids)})

    async def claim_timers(self, limit: int) -> dict[int, list[int]]:
        """Take rules whose timers have changed, each with the rows that said so."""
        rows = await self._session.execute(_CLAIM_TIMERS, {"limit": limit})
        claimed: dict[int, list[int]] = {}
        for row in rows:
            claimed.setdefault(row.rule_id, []).append(row.id)
        return claimed
