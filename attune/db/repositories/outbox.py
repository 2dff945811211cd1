"""What Temporal has yet to be told."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, text

from attune.db.models.outbox import OutboxMessage
from attune.db.repositories.base import Repository

CANCEL_EXECUTION = "cancel_execution"

# Take what is due; it comes back after a second unless it was delivered by then.
_CLAIM_DUE = text("""
    UPDATE attune.outbox AS o
    SET
        attempt_count = o.attempt_count + 1,
        next_attempt_at = now() + LEAST(o.attempt_count + 1, 10) * interval '1 second'
    FROM (
        SELECT id
        FROM attune.outbox
        WHERE next_attempt_at <= now()
        ORDER BY next_attempt_at, id
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE o.id = due.id
    RETURNING o.id, o.workflow_id, o.payload, o.attempt_count
""")


@dataclass(frozen=True)
class WaitingSignal:
    """A cancel that a workflow run has to hear of."""

    outbox_id: int
    workflow_id: str
    execution_id: int
    attempt_count: int
    """How often it has been tried, this time included."""


class OutboxRepository(Repository[OutboxMessage]):
    """Rows that the dispatcher delivers and then deletes."""

    model = OutboxMessage

    async def add_cancel(self, workflow_id: str, execution_id: int) -> None:
        """Have the workflow run told that this execution is to end."""
        values: dict[str, Any] = {
            "kind": CANCEL_EXECUTION,
            "workflow_id": workflow_id,
            "payload": {"execution_id": execution_id},
        }
        await self._session.execute(insert(OutboxMessage).values(values))

    async def claim_due(self, limit: int) -> list[WaitingSignal]:
        """Take what is due; each comes back unless it is forgotten."""
        rows = await self._session.execute(_CLAIM_DUE, {"limit": limit})
        return [
            WaitingSignal(
                outbox_id=row.id,
                workflow_id=row.workflow_id,
                execution_id=row.payload["execution_id"],
                attempt_count=row.attempt_count,
            )
            for row in rows
        ]

    async def forget(self, outbox_id: int) -> None:
        """Delete a message that was delivered."""
        await self._session.execute(
            delete(OutboxMessage).where(OutboxMessage.id == outbox_id)
        )
