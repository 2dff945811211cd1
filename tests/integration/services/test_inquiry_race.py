"""Answers, deadlines and cancels race for one inquiry: one of them is what happened.

This is guarantee G5 as far as the database goes; the workflow's side of it is in
`tests/faults/test_inquiry_races.py`.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from attune.clock import utc_now
from attune.db.database import Database
from attune.db.models import Inquiry
from attune.db.repositories.inquiry import InquiryFilter
from attune.domain.errors import Conflict, TooLate
from attune.domain.execution import ExecutionStatus as Status
from attune.domain.inquiry import InquiryStatus
from attune.domain.json import JsonObject
from attune.domain.page import PageRequest
from attune.domain.permission import Caller
from attune.services.execution.cancel import CancelService
from attune.services.inquiry.expire import ExpiryService
from attune.services.inquiry.respond import RespondService
from tests.support.asking import ask_often, caller_of
from tests.support.builders import make_identity
from tests.support.eventually import eventually

IS_LONG = os.environ.get("ATTUNE_TEST_LONG") == "1"
"""At full length it takes a minute; the suite runs a short form."""
PLAIN, LATE, CANCELLED = (300, 100, 100) if IS_LONG else (40, 40, 80)
ANSWERS = 10
MARGIN_SECONDS = 0.05
LEAD = timedelta(seconds=0.4)
LANES = 4

ENDS = {
    InquiryStatus.RESPONDED: Status.COMPLETED,
    InquiryStatus.TIMEOUT: Status.TIMEOUT,
    InquiryStatus.CANCELLED: Status.CANCELLED,
}


@dataclass
class Race:
    """One inquiry and everything that was tried on it."""

    inquiry: Inquiry
    accepted: list[JsonObject] = field(default_factory=list)
    cancels: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    async def attempt(self, what: Callable[[], Awaitable[object]]) -> None:
        try:
            await what()
        except (TooLate, Conflict) as error:
            self.refused[type(error).__name__] += 1

    async def answer(
        self, service: RespondService, caller: Caller, number: int
    ) -> None:
        body: JsonObject = {"by": number, "inquiry": self.inquiry.id}

        async def respond() -> None:
            answered = await service.respond(caller, self.inquiry.id, body)
            assert answered.response == body
            self.accepted.append(body)

        await self.attempt(respond)

    async def cancel(self, service: CancelService, caller: Caller) -> None:
        async def cancel() -> None:
            await service.cancel(caller, self.inquiry.execution_id)
            self.cancels += 1

        await self.attempt(cancel)


async def test_of_everything_that_races_for_an_inquiry_one_thing_happens(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        runner = Runner(database, caller_of(await make_identity(tx)))

    plain, cancelled = await runner.races(PLAIN), await runner.races(CANCELLED)
    await runner.all_at_once(
        [*map(runner.answer, plain), *map(runner.answer_and_cancel, cancelled)]
    )
    async with _sweepers(database):
        late = await runner.at_the_deadline(LATE)
        await eventually(lambda: _is_nothing_pending(database))

    outcomes = [await _check(database, race) for race in plain + cancelled + late]
    seen = Counter(outcomes)
    assert set(outcomes[:PLAIN]) == {InquiryStatus.RESPONDED}
    assert InquiryStatus.TIMEOUT not in outcomes[: PLAIN + CANCELLED]
    # Each side of each race has to have been seen to win.
    assert set(seen) == set(ENDS), seen
    assert InquiryStatus.RESPONDED in outcomes[-LATE:]
    await _check_signals(database, len(outcomes))


class Runner:
    """Starts races, everything in an order that is none."""

    def __init__(self, database: Database, caller: Caller) -> None:
        self._caller = caller
        self._cancelling = CancelService(database)
        self._database = database
        self._responding = RespondService(database)
        self._random = Random(5)  # noqa: S311 - nothing is guarded by it

    async def races(self, count: int, timeout_at: datetime | None = None) -> list[Race]:
        asked = await ask_often(self._database, count, timeout_at=timeout_at)
        return [Race(inquiry) for inquiry in asked]

    async def answer(self, race: Race) -> None:
        await asyncio.gather(*self._answers(race))

    async def answer_and_cancel(self, race: Race) -> None:
        """Cancel the execution somewhere among the answers."""
        attempts = self._answers(race)
        cancel = race.cancel(self._cancelling, self._caller)
        attempts.insert(self._random.randrange(ANSWERS + 1), cancel)
        await asyncio.gather(*attempts)

    def _answers(self, race: Race) -> list[Awaitable[None]]:
        numbers = range(ANSWERS)
        return [race.answer(self._responding, self._caller, n) for n in numbers]

    async def all_at_once(self, attempts: list[Awaitable[None]]) -> None:
        self._random.shuffle(attempts)
        waiting = iter(attempts)

        async def lane() -> None:
            for attempt in waiting:
                await attempt

        await asyncio.gather(*(lane() for _ in range(LANES)))

    async def at_the_deadline(self, count: int) -> list[Race]:
        """Answer inquiries around their deadlines, the answers at most the margin off.

        Few at a time, so that answers wait for the row only.
        """
        races: list[Race] = []
        await self.all_at_once([self._race_the_deadline(races) for _ in range(count)])
        return races

    async def _race_the_deadline(self, races: list[Race]) -> None:
        deadline = utc_now() + LEAD
        [race] = await self.races(1, deadline)
        races.append(race)
        begun_at = utc_now()
        await _is_nothing_pending(self._database)
        # To decide takes about twice as long, on this machine and just now.
        way = 2 * (utc_now() - begun_at)
        off = self._random.uniform(-MARGIN_SECONDS, MARGIN_SECONDS)
        await _until(deadline + timedelta(seconds=off) - way)
        await self.answer(race)


async def _until(moment: datetime) -> None:
    await asyncio.sleep(max(0.0, (moment - utc_now()).total_seconds()))


@asynccontextmanager
async def _sweepers(database: Database) -> AsyncIterator[None]:
    """Two orchestrators, in more of a hurry than real ones."""

    async def sweep() -> None:
        service = ExpiryService(database)
        while True:
            await service.expire_due()
            await asyncio.sleep(0.05)

    sweepers = [asyncio.create_task(sweep()) for _ in range(2)]
    try:
        yield
    finally:
        for sweeper in sweepers:
            sweeper.cancel()
        await asyncio.gather(*sweepers, return_exceptions=True)


async def _is_nothing_pending(database: Database) -> bool:
    pending = InquiryFilter(status=InquiryStatus.PENDING)
    async with database.transaction() as tx:
        return not (await tx.inquiries.page(PageRequest(limit=1), pending)).items


async def _check(database: Database, race: Race) -> InquiryStatus:
    async with database.transaction() as tx:
        inquiry = await tx.inquiries.get(race.inquiry.id)
        execution = await tx.executions.get(inquiry.execution_id)
    assert execution.status is ENDS[inquiry.status]
    if inquiry.status is InquiryStatus.RESPONDED:
        assert race.accepted == [inquiry.response]
        assert (execution.result or {})["response"] == inquiry.response
        assert race.cancels == 0
    else:
        assert (race.accepted, inquiry.response) == ([], None)
        assert "response" not in (execution.result or {})
    assert len(race.accepted) + race.refused["TooLate"] == ANSWERS
    return inquiry.status


async def _check_signals(database: Database, count: int) -> None:
    """Each end was told to Temporal exactly once."""
    told: Counter[int] = Counter()
    async with database.transaction() as tx:
        while found := await tx.outbox.claim_due(1000):
            told.update(signal.execution_id for signal in found)
    assert len(told) == count
    assert set(told.values()) == {1}
