"""An action that asks while it runs: its end waits for the answer."""

from typing import Any

import pytest
from sqlalchemy import text

from attune.db.database import Database
from attune.db.models import Execution, Inquiry, Worker
from attune.domain.errors import Conflict, TooLate
from attune.domain.execution import ExecutionStatus as Status
from attune.domain.inquiry import InquiryStatus
from attune.domain.json import JsonObject
from attune.domain.permission import TokenType
from attune.domain.settlement import Loss
from attune.messages.execution import Settlement
from attune.runtimes.report import AttemptEnd, AttemptStart
from attune.security.encryption import Encryption
from attune.services.event.intake import Intake
from attune.services.event.rulebook import Rulebook
from attune.services.execution.attempt import AttemptService
from attune.services.execution.cancel import CancelService
from attune.services.execution.reconcile import ReconcileService
from attune.services.execution.settle import SettleService
from attune.services.inquiry.expire import ExpiryService
from attune.services.inquiry.respond import RespondService
from attune.services.inquiry.write import InquiryWriteService, Question
from attune.services.masks import Masks
from tests.support.asking import ask, caller_of
from tests.support.attempts import make_attempts
from tests.support.builders import (
    make_action,
    make_execution,
    make_identity,
    make_worker,
)

ENCRYPTION = Encryption("k" * 32)
YES: JsonObject = {"approved": True}
RESULT = {"exit_code": 0, "succeeded": True}


def attempts(database: Database) -> AttemptService:
    return make_attempts(database, ENCRYPTION)


def settling(database: Database) -> SettleService:
    return SettleService(database, Intake(Rulebook(remembers=False), ENCRYPTION))


async def started(
    database: Database, attempt_id: str = "attempt-1", **action: Any
) -> tuple[Execution, Worker]:
    async with database.transaction() as tx:
        made = await make_action(tx, **action)
        execution = await make_execution(
            tx, made, status=Status.SCHEDULED, workflow_id="execution-of-tests"
        )
        worker = await make_worker(tx)
    await start(database, execution, worker, attempt_id)
    return execution, worker


async def start(
    database: Database, execution: Execution, worker: Worker, attempt_id: str
) -> None:
    await attempts(database).start(
        execution.id, AttemptStart(attempt_id=attempt_id, worker_id=worker.id)
    )


async def posts(
    database: Database, execution: Execution, prompt: str = "Go on?", **more: Any
) -> Inquiry:
    """Ask as the running action does, with its own token."""
    async with database.transaction() as tx:
        identity = await make_identity(tx)
    caller = caller_of(
        identity, token_type=TokenType.EXECUTION, execution_id=execution.id
    )
    question = Question(
        execution_id=execution.id, prompt=prompt, response_schema={}, **more
    )
    return await InquiryWriteService(database, Masks(ENCRYPTION)).create(
        caller, question
    )


async def ends(
    database: Database,
    execution: Execution,
    status: Status = Status.COMPLETED,
    attempt_id: str = "attempt-1",
) -> Status:
    end = AttemptEnd(attempt_id=attempt_id, status=status, result=RESULT)
    return (await attempts(database).finish(execution.id, end)).status


async def answers(database: Database, inquiry: Inquiry) -> None:
    async with database.transaction() as tx:
        identity = await make_identity(tx)
    await RespondService(database).respond(caller_of(identity), inquiry.id, YES)


async def stands(database: Database, execution: Execution) -> tuple[Status, Any, Any]:
    """Return how the execution stands, its result, and how its inquiry does."""
    async with database.transaction() as tx:
        found = await tx.executions.get(execution.id)
        inquiry = await tx.inquiries.find_by_execution(execution.id)
    return found.status, found.result, inquiry and inquiry.status


async def signals(database: Database) -> list[str]:
    async with database.transaction() as tx:
        return [signal.kind for signal in await tx.outbox.claim_due(100)]


async def test_the_end_is_held_until_the_answer(database: Database) -> None:
    execution, _ = await started(database)
    inquiry = await posts(database, execution)

    assert await ends(database, execution) is Status.RUNNING
    assert await ends(database, execution) is Status.RUNNING
    assert await stands(database, execution) == (
        Status.RUNNING,
        RESULT,
        InquiryStatus.PENDING,
    )
    await answers(database, inquiry)

    status, result, outcome = await stands(database, execution)
    assert (status, outcome) == (Status.COMPLETED, InquiryStatus.RESPONDED)
    assert result == RESULT | {"response": YES}
    assert await signals(database) == ["execution_ended"]
    assert await ends(database, execution) is Status.COMPLETED


async def test_an_answer_that_came_first_is_part_of_the_result(
    database: Database,
) -> None:
    execution, _ = await started(database)
    inquiry = await posts(database, execution)
    await answers(database, inquiry)

    assert (await stands(database, execution))[0] is Status.RUNNING
    assert await ends(database, execution) is Status.COMPLETED

    _, result, _ = await stands(database, execution)
    assert result == RESULT | {"response": YES}
    assert await signals(database) == []


@pytest.mark.parametrize("status", [Status.FAILED, Status.TIMEOUT, Status.CANCELLED])
async def test_what_ends_badly_has_nothing_to_ask_any_more(
    database: Database, status: Status
) -> None:
    execution, _ = await started(database)
    inquiry = await posts(database, execution)

    assert await ends(database, execution, status) is status

    assert await stands(database, execution) == (
        status,
        RESULT,
        InquiryStatus.CANCELLED,
    )
    with pytest.raises(TooLate):
        await answers(database, inquiry)


async def test_a_held_end_becomes_a_timeout(database: Database) -> None:
    execution, _ = await started(database)
    inquiry = await posts(database, execution)
    await ends(database, execution)
    async with database.transaction() as tx:
        await tx.session.execute(text("UPDATE attune.inquiry SET timeout_at = now()"))

    await ExpiryService(database).expire_due()

    status, result, outcome = await stands(database, execution)
    assert (status, outcome) == (Status.TIMEOUT, InquiryStatus.TIMEOUT)
    assert result == RESULT | {
        "succeeded": False,
        "error": "inquiry timed out",
        "timed_out": True,
        "inquiry_id": inquiry.id,
    }
    assert await signals(database) == ["execution_ended"]


async def test_a_held_end_is_cancelled_at_once(database: Database) -> None:
    execution, _ = await started(database)
    await posts(database, execution)
    await ends(database, execution)
    async with database.transaction() as tx:
        identity = await make_identity(tx)

    await CancelService(database).cancel(caller_of(identity), execution.id)

    status, _, outcome = await stands(database, execution)
    assert (status, outcome) == (Status.CANCELLED, InquiryStatus.CANCELLED)


async def test_what_is_being_cancelled_is_not_held(database: Database) -> None:
    execution, _ = await started(database)
    inquiry = await posts(database, execution)
    async with database.transaction() as tx:
        caller = caller_of(await make_identity(tx))
    await CancelService(database).cancel(caller, execution.id)

    with pytest.raises(TooLate) as refused:
        await RespondService(database).respond(caller, inquiry.id, YES)
    assert await ends(database, execution) is Status.CANCELLED

    assert refused.value.evidence == {"status": InquiryStatus.CANCELLED}

    status, _, outcome = await stands(database, execution)
    assert (status, outcome) == (Status.CANCELLED, InquiryStatus.CANCELLED)


async def test_an_action_asks_one_thing_and_while_it_runs(database: Database) -> None:
    execution, _ = await started(database)
    inquiry = await posts(database, execution)

    with pytest.raises(Conflict) as refused:
        await posts(database, execution)
    assert refused.value.evidence == {"inquiry": inquiry.id}

    await answers(database, inquiry)
    await ends(database, execution)
    with pytest.raises(Conflict, match="nothing to ask any more"):
        await posts(database, execution)


async def test_a_question_asks_nothing_else(database: Database) -> None:
    execution, _ = await ask(database)

    with pytest.raises(Conflict, match=r"core\.ask asks by itself"):
        await posts(database, execution)


async def test_an_action_that_is_run_again_is_given_its_inquiry(
    database: Database,
) -> None:
    execution, worker = await started(database, on_worker_loss="rerun")
    inquiry = await posts(database, execution)
    settlement = Settlement(execution_id=execution.id, cause=Loss.LOST)
    assert (await settling(database).settle(settlement)).run_again
    await start(database, execution, worker, "attempt-2")

    again = await posts(database, execution)

    assert again.id == inquiry.id
    assert await ends(database, execution, attempt_id="attempt-2") is Status.RUNNING
    await answers(database, inquiry)
    assert (await stands(database, execution))[0] is Status.COMPLETED


async def test_an_open_question_is_kept_although_it_was_put_before_the_start(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        execution = await make_execution(tx, status=Status.SCHEDULED)
        worker = await make_worker(tx)
    inquiry = await posts(database, execution)
    await start(database, execution, worker, "attempt-1")

    assert await ends(database, execution) is Status.RUNNING
    await answers(database, inquiry)

    assert (await stands(database, execution))[0] is Status.COMPLETED


@pytest.mark.parametrize("cause", Loss)
async def test_what_waits_for_a_person_is_not_settled(
    database: Database, cause: Loss
) -> None:
    held, _ = await started(database)
    await posts(database, held)
    await ends(database, held)
    asking, _ = await ask(database)

    for execution in (held, asking):
        settlement = Settlement(execution_id=execution.id, cause=cause)
        result = await settling(database).settle(settlement)
        assert (result.status, result.run_again) == (Status.RUNNING, False)
        status, _, outcome = await stands(database, execution)
        assert (status, outcome) == (Status.RUNNING, InquiryStatus.PENDING)


async def test_what_is_lost_while_it_runs_has_nothing_to_ask_any_more(
    database: Database,
) -> None:
    execution, _ = await started(database)
    await posts(database, execution)

    settlement = Settlement(execution_id=execution.id, cause=Loss.LOST)
    await settling(database).settle(settlement)

    status, _, outcome = await stands(database, execution)
    assert (status, outcome) == (Status.ABANDONED, InquiryStatus.CANCELLED)


async def test_what_waits_for_a_person_is_not_stuck(database: Database) -> None:
    held, _ = await started(database)
    await posts(database, held)
    await ends(database, held)
    await ask(database)
    asks_and_runs, _ = await started(database)
    await posts(database, asks_and_runs)
    await _make_quiet(database)

    found = await ReconcileService(database, settling(database)).find_stuck()

    assert [each.id for each in found] == [asks_and_runs.id]


async def _make_quiet(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.session.execute(text("SET LOCAL session_replication_role = replica"))
        await tx.session.execute(
            text("UPDATE attune.execution SET updated = now() - interval '1 hour'")
        )
