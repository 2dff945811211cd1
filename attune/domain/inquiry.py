"""The life of an inquiry: a question to a person and what may become of it."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from attune.domain.errors import InvalidInput, PermissionDenied
from attune.domain.execution import ExecutionStatus
from attune.domain.json import JsonObject
from attune.domain.permission import Action, Caller, Resource, Target, TokenType
from attune.domain.schema import check_schema, secret_names, validate

LONGEST_PATIENCE_SECONDS = 10 * 366 * 86400
"""No deadline is further away."""


class InquiryStatus(StrEnum):
    """Where an inquiry stands; everything but pending is final."""

    PENDING = "pending"  # nobody has answered yet
    RESPONDED = "responded"  # a valid answer was accepted
    TIMEOUT = "timeout"  # its deadline passed first
    CANCELLED = "cancelled"  # its execution was cancelled first, or the question was


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """How an execution that waited for an answer ends."""

    status: ExecutionStatus
    result: JsonObject
    """What is laid over the result that the execution has."""


@dataclass(frozen=True, kw_only=True)
class ProcessEnd:
    """What becomes of an execution that asked something, when its process has ended."""

    status: ExecutionStatus
    result: JsonObject
    is_held: bool = False
    """It stays as it is until the inquiry is decided."""


def check_question(schema: JsonObject, where: str = "response_schema") -> list[str]:
    """Return what keeps answers of this schema from being asked for."""
    problems = check_schema(schema, where)
    if not problems and (secret := secret_names(schema)):
        names = ", ".join(sorted(secret))
        problems = [f"{where}: an answer cannot be secret yet: {names}"]
    return problems


def check_answer(schema: JsonObject, response: JsonObject) -> None:
    """Raise InvalidInput, naming every wrong place, unless the answer fits."""
    problems = validate(schema, response, "response")
    if problems:
        raise InvalidInput(
            "The answer is not what is asked for: " + "; ".join(problems),
            problems=problems,
        )


def check_respondent(
    caller: Caller,
    target: Target,
    *,
    assigned_to_id: int | None,
    is_assigned: bool,
    own_ids: Collection[int],
) -> None:
    """Raise PermissionDenied for whom this question is not put to (contract, i).

    `target` is the inquiry, and `own_ids` are the execution whose token is shown and
    all that it is a task of: what runs cannot answer itself.
    """
    if caller.token_type not in (TokenType.ACCESS, TokenType.EXECUTION):
        raise PermissionDenied("403 forbidden: this token answers no inquiries")
    if target.execution_id in own_ids:
        raise PermissionDenied(
            "403 forbidden: an execution cannot answer its own inquiry, nor that of a "
            "workflow it is a task of"
        )
    if not is_assigned:
        caller.require(Resource.INQUIRIES, Action.RESPOND, target)
    elif assigned_to_id is None or caller.identity_id != assigned_to_id:
        raise PermissionDenied("403 forbidden: the inquiry is assigned to another")


def conclude(
    inquiry_id: int,
    outcome: InquiryStatus,
    response: JsonObject | None,
    held_status: ExecutionStatus | None,
) -> Conclusion:
    """Return the end of an execution once its inquiry is decided.

    `held_status` is how its process ended, for an execution that had one.
    """
    if outcome is InquiryStatus.RESPONDED:
        answered: JsonObject = {"response": response or {}}
        if held_status is not None:
            return Conclusion(status=held_status, result=answered)
        more: JsonObject = {"succeeded": True, "inquiry_id": inquiry_id}
        return Conclusion(status=ExecutionStatus.COMPLETED, result=answered | more)
    if outcome is InquiryStatus.TIMEOUT:
        return _failure(ExecutionStatus.TIMEOUT, inquiry_id, "inquiry timed out")
    return _failure(ExecutionStatus.CANCELLED, inquiry_id, "inquiry was cancelled")


_MARKS = {ExecutionStatus.TIMEOUT: "timed_out", ExecutionStatus.CANCELLED: "cancelled"}


def _failure(status: ExecutionStatus, inquiry_id: int, error: str) -> Conclusion:
    result: dict[str, Any] = {
        "succeeded": False,
        "error": error,
        "inquiry_id": inquiry_id,
        _MARKS[status]: True,
    }
    return Conclusion(status=status, result=result)


def end_process(
    ended: ProcessEnd,
    *,
    is_canceled: bool,
    outcome: InquiryStatus,
    response: JsonObject | None,
) -> ProcessEnd:
    """Return what the end of a process means while its inquiry stands at `outcome`.

    Only what ended well is held for the answer, or completed by it.
    """
    if ended.status is not ExecutionStatus.COMPLETED:
        return ended
    if outcome is InquiryStatus.RESPONDED:
        answered: JsonObject = {"response": response or {}}
        return ProcessEnd(status=ended.status, result=ended.result | answered)
    if outcome is InquiryStatus.TIMEOUT:
        return ended
    if is_canceled:
        cancelled: JsonObject = {
            "succeeded": False,
            "error": "Execution was cancelled",
            "cancelled": True,
        }
        return ProcessEnd(
            status=ExecutionStatus.CANCELLED, result=ended.result | cancelled
        )
    is_held = outcome is InquiryStatus.PENDING
    return ProcessEnd(status=ended.status, result=ended.result, is_held=is_held)
