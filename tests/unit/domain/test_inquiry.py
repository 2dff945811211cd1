"""Who may answer, with what, and what comes of a decision."""

import pytest

from attune.domain.errors import InvalidInput, PermissionDenied
from attune.domain.execution import ExecutionStatus as Status
from attune.domain.inquiry import (
    InquiryStatus,
    ProcessEnd,
    check_answer,
    check_question,
    check_respondent,
    conclude,
    end_process,
)
from attune.domain.json import JsonObject
from attune.domain.permission import (
    Action,
    Caller,
    Grant,
    Resource,
    Target,
    TokenType,
)

RESPOND = (Grant(resource=Resource.INQUIRIES, actions=frozenset({Action.RESPOND})),)
ANN, BOB = 1, 2
QUESTION = Target(execution_id=10, id=5)


def caller(
    kind: TokenType = TokenType.ACCESS, grants: tuple[Grant, ...] = RESPOND
) -> Caller:
    return Caller(identity_id=ANN, login="ann", token_type=kind, grants=grants)


def may_answer(
    who: Caller, assigned_to: int | None, own_ids: frozenset[int] = frozenset()
) -> bool:
    try:
        check_respondent(
            who,
            QUESTION,
            assigned_to_id=assigned_to,
            is_assigned=assigned_to is not None,
            own_ids=own_ids,
        )
    except PermissionDenied:
        return False
    return True


@pytest.mark.parametrize(
    ("who", "assigned_to", "expected"),
    [
        (caller(), None, True),
        (caller(grants=()), None, False),
        (caller(grants=()), ANN, True),
        (caller(), BOB, False),
        (caller(TokenType.EXECUTION), ANN, True),
        (caller(TokenType.EXECUTION), BOB, False),
        (caller(TokenType.SENSOR), ANN, False),
        (caller(TokenType.WORKER), None, False),
    ],
)
def test_who_may_answer(who: Caller, assigned_to: int | None, expected: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert may_answer(who, assigned_to) is expected


@pytest.mark.parametrize("assigned_to", [None, ANN])
def test_what_runs_cannot_answer_what_it_is_part_of(assigned_to: int | None) -> None:
    who = caller(TokenType.EXECUTION)

    assert not may_answer(who, assigned_to, frozenset({12, 11, 10}))
    assert may_answer(who, assigned_to, frozenset({12, 11}))


def test_what_was_assigned_to_one_who_is_gone_is_nobodys() -> None:
    with pytest.raises(PermissionDenied):
        check_respondent(
            caller(), QUESTION, assigned_to_id=None, is_assigned=True, own_ids=()
        )


def test_every_wrong_place_of_an_answer_is_named() -> None:
    schema: JsonObject = {
        "approved": {"type": "boolean", "required": True},
        "count": {"type": "integer"},
    }

    with pytest.raises(InvalidInput) as refused:
        check_answer(schema, {"count": "two"})

    assert sorted(problem.split(":")[0] for problem in refused.value.problems) == [
        "response.approved",
        "response.count",
    ]
    check_answer(schema, {"approved": False})
    check_answer({}, {"whatever": 1})


def test_a_question_asks_for_what_can_be_asked_for() -> None:
    assert check_question({"a": {"type": "string"}}) == []
    assert check_question({"a": {"secret": True}}) == [
        "response_schema: an answer cannot be secret yet: a"
    ]
    assert check_question({"a": {"type": "strnig"}})[0].startswith("response_schema.a")


def test_what_comes_of_a_decision_where_nothing_ran() -> None:
    answered = conclude(5, InquiryStatus.RESPONDED, {"ok": True}, None)
    late = conclude(5, InquiryStatus.TIMEOUT, None, None)
    withdrawn = conclude(5, InquiryStatus.CANCELLED, None, None)

    assert answered.status is Status.COMPLETED
    assert answered.result["response"] == {"ok": True}
    assert (late.status, late.result["timed_out"]) == (Status.TIMEOUT, True)
    assert (withdrawn.status, withdrawn.result["cancelled"]) == (Status.CANCELLED, True)


def test_what_comes_of_a_decision_when_a_process_had_ended() -> None:
    answered = conclude(5, InquiryStatus.RESPONDED, {"ok": True}, Status.COMPLETED)

    assert answered.status is Status.COMPLETED
    assert answered.result == {"response": {"ok": True}}


@pytest.mark.parametrize("outcome", InquiryStatus)
@pytest.mark.parametrize("status", [Status.FAILED, Status.TIMEOUT, Status.CANCELLED])
def test_a_process_that_ended_badly_waits_for_nobody(
    status: Status, outcome: InquiryStatus
) -> None:
    ended = ProcessEnd(status=status, result={"exit_code": 1})

    assert end_process(ended, is_canceled=False, outcome=outcome, response={}) == ended


def test_a_process_that_ended_well_waits_for_the_answer_only() -> None:
    ended = ProcessEnd(status=Status.COMPLETED, result={"exit_code": 0})

    def ending(outcome: InquiryStatus, *, is_canceled: bool = False) -> ProcessEnd:
        return end_process(
            ended, is_canceled=is_canceled, outcome=outcome, response={"ok": True}
        )

    assert ending(InquiryStatus.PENDING).is_held
    assert ending(InquiryStatus.RESPONDED).result["response"] == {"ok": True}
    assert ending(InquiryStatus.TIMEOUT) == ended
    assert ending(InquiryStatus.CANCELLED) == ended
    for outcome in (InquiryStatus.PENDING, InquiryStatus.CANCELLED):
        canceled = ending(outcome, is_canceled=True)
        assert (canceled.status, canceled.is_held) == (Status.CANCELLED, False)
