"""The orchestrator closes what is due, again and again, whoever else does so too."""

import asyncio

from attune.db.database import Database
from attune.db.repositories.inquiry import InquiryFilter
from attune.domain.errors import Unavailable
from attune.domain.execution import ExecutionStatus as Status
from attune.domain.inquiry import InquiryStatus
from attune.domain.page import PageRequest
from attune.services.inquiry.expire import ExpiryService
from attune.worker.deadlines import PAUSE_SECONDS, Deadlines
from tests.support.asking import ask, ask_often
from tests.support.builders import make_execution, make_inquiry
from tests.support.eventually import eventually


class Unreliable(ExpiryService):
    """Finds the database gone at the first look."""

    looks = 0

    async def expire_due(self) -> bool:
        self.looks += 1
        if self.looks == 1:
            raise Unavailable("gone")
        return await super().expire_due()


async def test_what_becomes_due_is_closed_by_one_of_several(
    database: Database,
) -> None:
    execution, inquiry = await ask(database, config={"timeout_seconds": 0.7})
    assert inquiry.timeout_at is not None
    many = await ask_often(database, 250, timeout_at=inquiry.timeout_at)
    async with database.transaction() as tx:
        await make_inquiry(tx, await make_execution(tx, status=Status.COMPLETED))

    loops = [Deadlines(ExpiryService(database)) for _ in range(2)]
    tasks = [asyncio.create_task(loop.run()) for loop in loops]
    try:
        await eventually(lambda: _is_nothing_pending(database))
    finally:
        for task in tasks:
            task.cancel()

    async with database.transaction() as tx:
        found = await tx.executions.get(execution.id)
        signals = await tx.outbox.claim_due(1000)
    assert found.status is Status.TIMEOUT
    assert len(signals) == len({s.execution_id for s in signals}) == len(many) + 1


async def test_a_database_that_was_gone_is_asked_again(database: Database) -> None:
    await ask(database, config={"timeout_seconds": 0})
    expiring = Unreliable(database)
    task = asyncio.create_task(Deadlines(expiring).run())

    try:
        await eventually(lambda: expiring.looks > 1, seconds=PAUSE_SECONDS + 5)
    finally:
        task.cancel()


async def _is_nothing_pending(database: Database) -> bool:
    pending = InquiryFilter(status=InquiryStatus.PENDING)
    async with database.transaction() as tx:
        return not (await tx.inquiries.page(PageRequest(limit=1), pending)).items
