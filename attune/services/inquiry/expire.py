"""Close inquiries that nobody answered in time, or whose execution is over."""

from attune.db.database import Database
from attune.services.inquiry.decide import follow

BATCH_SIZE = 100


class ExpiryService:
    """The end of questions without an answer; any number of processes may see to it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def expire_due(self) -> bool:
        """Close a batch whose deadline has passed; true if there may be more."""
        async with self._database.transaction() as tx:
            ids = await tx.inquiries.lock_due(BATCH_SIZE)
            if ids:
                await follow(tx, await tx.inquiries.expire(ids))
        return len(ids) == BATCH_SIZE

    async def cancel_stranded(self) -> bool:
        """Cancel a batch whose executions have ended; true if there may be more."""
        async with self._database.transaction() as tx:
            ids = await tx.inquiries.lock_stranded(BATCH_SIZE)
            if ids:
                await follow(tx, await tx.inquiries.withdraw(ids))
        return len(ids) == BATCH_SIZE
