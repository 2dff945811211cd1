"""Questions put, answered, timed out and taken back: what becomes of who waits."""

from datetime import timedelta
from typing import Any

import pytest

from attune.db.database import Database
from attune.db.models import Execution, Inquiry
from attune.domain.errors import InvalidInput, PermissionDenied, TooLate
from attune.domain.execution import ExecutionStatus as Status
from attune.domain.inquiry import InquiryStatus
from attune.domain.json import JsonObject
from attune.domain.permission import Action, Resource
from attune.messages.execution import InquiryOpening
from attune.security.encryption import Encryption
from attune.services.execution.cancel import CancelService
from attune.services.inquiry.expire import ExpiryService
from attune.services.inquiry.open import OpenService
from attune.services.inquiry.respond import RespondService
from attune.services.inquiry.write import InquiryWriteService
from attune.services.masks import Masks
from tests.support.asking import ask, caller_of, make_question
from tests.support.builders import make_execution, make_identity, make_inquiry

ENCRYPTION = Encryption("k" * 32)

YES: JsonObject = {"approved": True}


async def stands(
    database: Database, execution: Execution
) -> tuple[Execution, Inquiry | None, list[str]]:
    """Return the execution, its inquiry and what Temporal has yet to be told."""
    async with database.transaction() as tx:
        found = await tx.executions.get(execution.id)
        inquiry = await tx.inquiries.find_by_execution(execution.id)
        signals = await tx.outbox.claim_due(100)
    return found, inquiry, [s.kind for s in signals if s.execution_id == execution.id]


async def open_question(database: Database, **fields: Any) -> Execution:
    async with database.transaction() as tx:
        execution = await make_question(tx, **fields)
    await OpenService(database).open(InquiryOpening(execution_id=execution.id))
    return execution


async def test_a_question_is_put_once(database: Database) -> None:
    execution, inquiry = await ask(database, config={"response_schema": {"a": {}}})

    again = await OpenService(database).open(InquiryOpening(execution_id=execution.id))

    assert again.status is Status.RUNNING
    assert (inquiry.prompt, inquiry.status) == ("Go on?", InquiryStatus.PENDING)
    assert execution.started_at is not None


async def test_a_login_or_a_number_says_who_has_to_answer(database: Database) -> None:
    async with database.transaction() as tx:
        ann = await make_identity(tx, login="ann")

    for named in ("ann", ann.id, str(ann.id)):
        _, inquiry = await ask(database, config={"assigned_to": named})
        assert (inquiry.assigned_to_id, inquiry.assigned_to_login) == (ann.id, "ann")


async def test_the_deadline_counts_from_the_question(database: Database) -> None:
    execution, inquiry = await ask(database, config={"timeout_seconds": 90})
    _, stricter = await ask(
        database, config={"timeout_seconds": 90}, timeout_seconds=30
    )

    assert inquiry.timeout_at == inquiry.created + timedelta(seconds=90)
    assert stricter.timeout_at == stricter.created + timedelta(seconds=30)
    assert execution.status is Status.RUNNING


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"assigned_to": "nobody"}, "there is no identity 'nobody'"),
        ({"assigned_to": 4711}, "there is no identity '4711'"),
        ({"response_schema": {"a": {"type": "strnig"}}}, "response_schema.a"),
        ({"response_schema": {"a": {"secret": True}}}, "cannot be secret yet: a"),
        ({"timeout_seconds": 1e300}, "timeout_seconds: must be from 0"),
    ],
)
async def test_a_question_that_cannot_be_put_fails(
    database: Database, config: dict[str, Any], error: str
) -> None:
    execution = await open_question(database, config=config)

    found, inquiry, _ = await stands(database, execution)
    assert found.status is Status.FAILED
    assert error in (found.result or {})["error"]
    assert inquiry is None


async def test_a_question_with_a_secret_in_it_fails(database: Database) -> None:
    execution = await open_question(
        database, secret_references=[{"place": ["prompt"], "key": "core.token"}]
    )

    found, _, _ = await stands(database, execution)
    assert (found.result or {})["error"] == "prompt: a question cannot hold secrets"


async def test_an_answer_completes_the_execution_that_asked(database: Database) -> None:
    execution, inquiry = await ask(database)
    async with database.transaction() as tx:
        ann = await make_identity(tx)

    answered = await RespondService(database).respond(caller_of(ann), inquiry.id, YES)

    assert answered.status is InquiryStatus.RESPONDED
    assert (answered.response, answered.responded_by_id) == (YES, ann.id)
    assert answered.responded_at is not None
    found, _, signals = await stands(database, execution)
    assert found.status is Status.COMPLETED
    assert found.result == {
        "response": YES,
        "succeeded": True,
        "inquiry_id": inquiry.id,
    }
    assert found.finished_at is not None
    assert signals == ["execution_ended"]


async def test_an_answer_that_does_not_fit_changes_nothing(database: Database) -> None:
    schema = {
        "approved": {"type": "boolean", "required": True},
        "count": {"type": "integer"},
    }
    execution, inquiry = await ask(database, config={"response_schema": schema})
    async with database.transaction() as tx:
        ann = await make_identity(tx)

    with pytest.raises(InvalidInput) as refused:
        await RespondService(database).respond(
            caller_of(ann), inquiry.id, {"count": "two"}
        )

    assert len(refused.value.problems) == 2
    found, kept, _ = await stands(database, execution)
    assert found.status is Status.RUNNING
    assert kept is not None
    assert kept.status is InquiryStatus.PENDING


async def test_a_deadline_ends_the_execution_that_asked(database: Database) -> None:
    execution, inquiry = await ask(
        database, config={"timeout_seconds": 0}, workflow_task={"task_name": "sign"}
    )

    await ExpiryService(database).expire_due()

    found, kept, signals = await stands(database, execution)
    assert found.status is Status.TIMEOUT
    assert found.result == {
        "succeeded": False,
        "error": "inquiry timed out",
        "inquiry_id": inquiry.id,
        "timed_out": True,
    }
    assert found.workflow_task == {"task_name": "sign", "timed_out": True}
    assert kept is not None
    assert kept.status is InquiryStatus.TIMEOUT
    assert signals == ["execution_ended"]


async def test_only_what_is_due_is_closed(database: Database) -> None:
    await ask(database, config={"timeout_seconds": 0})
    later, _ = await ask(database, config={"timeout_seconds": 60})
    never, _ = await ask(database)

    await ExpiryService(database).expire_due()

    for execution in (later, never):
        assert (await stands(database, execution))[0].status is Status.RUNNING


async def test_an_answer_after_the_deadline_closes_it(database: Database) -> None:
    execution, inquiry = await ask(database, config={"timeout_seconds": 0})
    async with database.transaction() as tx:
        ann = await make_identity(tx)

    with pytest.raises(TooLate) as refused:
        await RespondService(database).respond(caller_of(ann), inquiry.id, YES)

    assert refused.value.evidence == {"status": InquiryStatus.TIMEOUT}
    found, kept, signals = await stands(database, execution)
    assert found.status is Status.TIMEOUT
    assert kept is not None
    assert (kept.status, kept.response) == (InquiryStatus.TIMEOUT, None)
    assert signals == ["execution_ended"]


async def test_cancelling_the_execution_cancels_the_question(
    database: Database,
) -> None:
    execution, inquiry = await ask(database)
    async with database.transaction() as tx:
        ann = await make_identity(tx)

    await CancelService(database).cancel(caller_of(ann), execution.id)

    found, kept, signals = await stands(database, execution)
    assert found.status is Status.CANCELLED
    assert kept is not None
    assert kept.status is InquiryStatus.CANCELLED
    assert signals == ["cancel_execution"]
    with pytest.raises(TooLate):
        await RespondService(database).respond(caller_of(ann), inquiry.id, YES)


async def test_taking_the_question_back_cancels_the_execution(
    database: Database,
) -> None:
    execution, inquiry = await ask(database)
    async with database.transaction() as tx:
        ann = await make_identity(tx)

    changed = await InquiryWriteService(database, Masks(ENCRYPTION)).update(
        caller_of(ann), inquiry.id, {"status": InquiryStatus.CANCELLED}
    )

    assert changed.status is InquiryStatus.CANCELLED
    found, _, signals = await stands(database, execution)
    assert found.status is Status.CANCELLED
    assert (found.result or {})["error"] == "inquiry was cancelled"
    assert signals == ["execution_ended"]


async def test_removing_the_question_cancels_the_execution(database: Database) -> None:
    execution, inquiry = await ask(database)
    async with database.transaction() as tx:
        ann = await make_identity(tx)

    await InquiryWriteService(database, Masks(ENCRYPTION)).delete(
        caller_of(ann), inquiry.id
    )

    found, kept, _ = await stands(database, execution)
    assert found.status is Status.CANCELLED
    assert kept is None


async def test_a_new_deadline_and_a_new_assignee_count(database: Database) -> None:
    _, inquiry = await ask(database, config={"timeout_seconds": 0})
    execution, other = await ask(database, config={"timeout_seconds": 60})
    async with database.transaction() as tx:
        ann = await make_identity(tx)
        bob = await make_identity(tx)
    asked = InquiryWriteService(database, Masks(ENCRYPTION))

    with pytest.raises(TooLate):
        await asked.update(caller_of(ann), inquiry.id, {"timeout_at": None})
    changed = await asked.update(
        caller_of(ann), other.id, {"timeout_at": None, "assigned_to": bob.id}
    )
    same = await asked.update(caller_of(ann), other.id, {"assigned_to": bob.id})

    assert (changed.timeout_at, changed.assigned_to_login) == (None, bob.login)
    assert same.assigned_to_login == bob.login
    cleared = await asked.update(caller_of(ann), other.id, {"assigned_to": None})
    assert (cleared.assigned_to_id, cleared.assigned_to_login) == (None, None)
    with pytest.raises(InvalidInput, match="there is no identity 4711"):
        await asked.update(caller_of(ann), other.id, {"assigned_to": 4711})
    assert (await stands(database, execution))[0].status is Status.RUNNING


async def test_a_question_of_what_has_ended_is_cancelled(database: Database) -> None:
    async with database.transaction() as tx:
        execution = await make_execution(tx, status=Status.FAILED)
        inquiry = await make_inquiry(tx, execution)
        ann = await make_identity(tx)

    with pytest.raises(TooLate) as refused:
        await RespondService(database).respond(caller_of(ann), inquiry.id, YES)

    assert refused.value.evidence == {"status": InquiryStatus.CANCELLED}
    found, kept, signals = await stands(database, execution)
    assert found.status is Status.FAILED
    assert kept is not None
    assert kept.status is InquiryStatus.CANCELLED
    assert signals == []


async def test_a_question_of_what_has_ended_is_found_and_cancelled(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        execution = await make_execution(tx, status=Status.COMPLETED)
        await make_inquiry(tx, execution)

    await ExpiryService(database).cancel_stranded()

    _, kept, signals = await stands(database, execution)
    assert kept is not None
    assert kept.status is InquiryStatus.CANCELLED
    assert signals == []


async def test_nobody_gets_what_was_assigned_to_one_who_is_gone(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        ann = await make_identity(tx, login="ann")
        bob = await make_identity(tx)
    _, inquiry = await ask(database, config={"assigned_to": "ann"})
    async with database.transaction() as tx:
        await tx.identities.remove(await tx.identities.get(ann.id))

    with pytest.raises(PermissionDenied, match="assigned to another"):
        await RespondService(database).respond(caller_of(bob), inquiry.id, YES)


async def test_an_assignee_needs_no_grant(database: Database) -> None:
    async with database.transaction() as tx:
        ann = await make_identity(tx, login="ann")
    _, inquiry = await ask(database, config={"assigned_to": "ann"})
    caller = caller_of(ann, grants=())
    assert not caller.may(Resource.INQUIRIES, Action.RESPOND)

    answered = await RespondService(database).respond(caller, inquiry.id, YES)

    assert answered.status is InquiryStatus.RESPONDED
