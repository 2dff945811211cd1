"""Starts, ends and settlements: one attempt has the word, and repeating is harmless."""

import asyncio
from typing import Any

import pytest

from attune.db.database import Database
from attune.db.models import Execution, Worker
from attune.db.repositories.event import EventFilter
from attune.domain.errors import Conflict
from attune.domain.execution import ExecutionStatus as Status
from attune.domain.page import PageRequest
from attune.domain.settlement import Loss
from attune.messages.execution import Settlement
from attune.runtimes.report import AttemptEnd, AttemptStart, OutputTail
from attune.security.encryption import Encryption
from attune.services.event.intake import Intake
from attune.services.event.rulebook import Rulebook
from attune.services.execution.attempt import AttemptService
from attune.services.execution.settle import SettleService
from tests.support.attempts import make_attempts
from tests.support.builders import (
    make_action,
    make_execution,
    make_pack,
    make_trigger,
    make_worker,
)

ENCRYPTION = Encryption("k" * 32)


def attempts(database: Database) -> AttemptService:
    return make_attempts(database, ENCRYPTION)


def settling(database: Database) -> SettleService:
    return SettleService(database, Intake(Rulebook(remembers=False), ENCRYPTION))


async def scheduled(database: Database, **action: Any) -> tuple[Execution, Worker]:
    async with database.transaction() as tx:
        made = await make_action(tx, **action)
        execution = await make_execution(tx, made, status=Status.SCHEDULED)
        worker = await make_worker(tx)
    return execution, worker


def start(worker: Worker, attempt_id: str = "attempt-1") -> AttemptStart:
    return AttemptStart(attempt_id=attempt_id, worker_id=worker.id)


def end(attempt_id: str = "attempt-1", status: Status = Status.COMPLETED) -> AttemptEnd:
    return AttemptEnd(attempt_id=attempt_id, status=status, result={"exit_code": 0})


async def test_of_racing_attempts_one_starts(database: Database) -> None:
    execution, worker = await scheduled(database)

    answers = await asyncio.gather(
        *(
            attempts(database).start(execution.id, start(worker, f"attempt-{n}"))
            for n in range(8)
        ),
        return_exceptions=True,
    )

    started = [a for a in answers if not isinstance(a, BaseException)]
    assert len(started) == 1, answers
    assert started[0].execution_id == execution.id
    assert all(isinstance(a, Conflict) for a in answers if a not in started)


async def test_a_repeated_start_is_answered_again(database: Database) -> None:
    execution, worker = await scheduled(database)

    first = await attempts(database).start(execution.id, start(worker))
    second = await attempts(database).start(execution.id, start(worker))

    assert (first.attempt_count, second.attempt_count) == (1, 1)


async def test_a_cancelled_execution_is_not_started(database: Database) -> None:
    async with database.transaction() as tx:
        execution = await make_execution(tx, status=Status.CANCELLED)
        worker = await make_worker(tx)

    with pytest.raises(Conflict) as refused:
        await attempts(database).start(execution.id, start(worker))

    assert refused.value.evidence["status"] == Status.CANCELLED


async def test_only_the_attempt_that_started_may_finish(database: Database) -> None:
    execution, worker = await scheduled(database)
    await attempts(database).start(execution.id, start(worker))

    with pytest.raises(Conflict):
        await attempts(database).finish(execution.id, end("attempt-2"))

    record = await attempts(database).finish(execution.id, end())
    assert record.status is Status.COMPLETED


async def test_a_repeated_finish_answers_what_is_recorded(database: Database) -> None:
    execution, worker = await scheduled(database)
    await attempts(database).start(execution.id, start(worker))
    await attempts(database).finish(execution.id, end())

    again = await attempts(database).finish(execution.id, end(status=Status.FAILED))

    assert again.status is Status.COMPLETED


async def test_output_is_kept_once_and_in_order(database: Database) -> None:
    execution, worker = await scheduled(database)
    await attempts(database).start(execution.id, start(worker))

    for offset, content in ((0, b"one "), (4, b"two"), (0, b"one ")):
        tail = OutputTail.model_construct(offset=offset, content=content)
        await attempts(database).append_output(
            execution.id, "attempt-1", "stdout", tail
        )
    foreign = OutputTail.model_construct(offset=7, content=b"!")
    await attempts(database).append_output(execution.id, "attempt-2", "stdout", foreign)

    async with database.transaction() as tx:
        pieces = await tx.executions.log_pieces(
            execution.id, "stdout", offset=0, limit=9
        )
    assert pieces == [(0, b"one "), (4, b"two")]


async def settle(database: Database, execution: Execution, cause: Loss) -> object:
    return await settling(database).settle(
        Settlement(execution_id=execution.id, cause=cause)
    )


async def status_of(database: Database, execution: Execution) -> Status:
    async with database.transaction() as tx:
        return (await tx.executions.get(execution.id)).status


async def test_what_a_dead_worker_ran_is_abandoned_with_one_alert(
    database: Database,
) -> None:
    execution, worker = await scheduled(database)
    async with database.transaction() as tx:
        core = await make_pack(tx, ref="core")
        await make_trigger(tx, core, ref="core.alert")
    await attempts(database).start(execution.id, start(worker))

    for _ in range(2):
        await settle(database, execution, Loss.LOST)

    assert await status_of(database, execution) is Status.ABANDONED
    async with database.transaction() as tx:
        alerts = await tx.events.page(
            PageRequest(), EventFilter(trigger_ref="core.alert")
        )
        [alert_id] = [listed.id for listed in alerts.items]
        alert = await tx.events.get(alert_id)
    expected = f"execution:{execution.id}:worker_unavailable"
    assert alert.payload["correlation_id"] == expected


async def test_a_worker_that_beats_and_runs_it_is_waited_for(
    database: Database,
) -> None:
    execution, worker = await scheduled(database)
    await attempts(database).start(execution.id, start(worker))
    async with database.transaction() as tx:
        await tx.worker_presence.beat(worker.id, [execution.id])

    result = await settling(database).settle(
        Settlement(execution_id=execution.id, cause=Loss.LOST)
    )

    assert result.ask_again_seconds is not None
    assert await status_of(database, execution) is Status.RUNNING


async def test_what_may_be_rerun_goes_back_to_its_queue_and_is_limited(
    database: Database,
) -> None:
    execution, worker = await scheduled(database, on_worker_loss="rerun")
    for attempt in range(3):
        await attempts(database).start(
            execution.id, start(worker, f"attempt-{attempt}")
        )
        await settle(database, execution, Loss.LOST)

    assert await status_of(database, execution) is Status.ABANDONED
    async with database.transaction() as tx:
        assert (await tx.executions.get(execution.id)).attempt_count == 3
