"""Inquiries as clients write them and read them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from attune.api.parameters import BodyId
from attune.api.schemas.envelope import Body, Read
from attune.api.schemas.moment import Moment
from attune.api.schemas.patch import Patch, Update
from attune.db.models.inquiry import Inquiry
from attune.domain.inquiry import InquiryStatus
from attune.services.inquiry.write import Question

LONGEST_PROMPT = 100_000


def _spelling(status: object) -> object:
    return "cancelled" if status == "canceled" else status


Status = Annotated[InquiryStatus, BeforeValidator(_spelling)]
"""Where an inquiry stands; `canceled` is understood as well."""


class CreateInquiryRequest(Body):
    """A question to a person, which an execution waits on."""

    execution: BodyId
    prompt: Annotated[str, Field(min_length=1, max_length=LONGEST_PROMPT)]
    response_schema: dict[str, Any] | None = None
    """What an answer looks like; a flat schema or JSON Schema."""
    assigned_to: BodyId | None = None
    """Who has to answer; anybody who may, without it."""
    timeout_at: Moment | None = None
    """Until when; without it there is no deadline."""

    def question(self) -> Question:
        """Return what is to be asked."""
        return Question(
            execution_id=self.execution,
            prompt=self.prompt,
            response_schema=self.response_schema or {},
            assigned_to_id=self.assigned_to,
            timeout_at=self.timeout_at,
        )


class UpdateInquiryRequest(Update):
    """Changes of an open inquiry."""

    assigned_to: Patch[BodyId] = None
    timeout_at: Patch[Moment] = None
    status: Status | None = None
    """`cancelled` takes the question back, and ends the execution that waits on it."""
    response: Any = None
    """Null: an answer is given by responding, and in no other way."""

    @field_validator("response")
    @classmethod
    def _is_no_answer(cls, response: Any) -> None:
        if response is not None:
            raise ValueError("an inquiry is answered by POST /inquiries/{id}/respond")

    @field_validator("status")
    @classmethod
    def _is_no_decision(cls, status: InquiryStatus | None) -> InquiryStatus | None:
        if status in (InquiryStatus.RESPONDED, InquiryStatus.TIMEOUT):
            raise ValueError("an inquiry can be cancelled here, and nothing else")
        return status


class InquiryRespondRequest(Body):
    """An answer."""

    response: dict[str, Any]


class InquirySummary(Read):
    """An inquiry in a list."""

    id: int
    execution: int
    prompt: str
    assigned_to: int | None
    assigned_to_login: str | None
    status: InquiryStatus
    has_response: bool
    timeout_at: datetime | None
    created: datetime


class InquiryResponse(Read):
    """An inquiry with what it asks for, and what was answered."""

    id: int
    execution: int = Field(validation_alias="execution_id")
    prompt: str
    response_schema: dict[str, Any]
    assigned_to: int | None = Field(validation_alias="assigned_to_id")
    assigned_to_login: str | None
    status: InquiryStatus
    response: dict[str, Any] | None
    timeout_at: datetime | None
    responded_at: datetime | None
    responded_by: int | None = Field(validation_alias="responded_by_id")
    created: datetime
    updated: datetime


def inquiry_summary(inquiry: Inquiry) -> InquirySummary:
    """Show one inquiry of a list."""
    return InquirySummary(
        id=inquiry.id,
        execution=inquiry.execution_id,
        prompt=inquiry.prompt,
        assigned_to=inquiry.assigned_to_id,
        assigned_to_login=inquiry.assigned_to_login,
        status=inquiry.status,
        has_response=inquiry.response is not None,
        timeout_at=inquiry.timeout_at,
        created=inquiry.created,
    )
