"""Inquiries: listed, looked at, asked, changed, taken back, answered."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Query

from attune.api.access import requires
from attune.api.dependencies import (
    AskedInquiries,
    Authenticated,
    Inquiries,
    Responding,
)
from attune.api.parameters import Id, Paging, QueryId
from attune.api.routing import Router
from attune.api.schemas.envelope import Data, Success, data, success
from attune.api.schemas.inquiry import (
    CreateInquiryRequest,
    InquiryRespondRequest,
    InquiryResponse,
    InquirySummary,
    Status,
    UpdateInquiryRequest,
    inquiry_summary,
)
from attune.api.schemas.page import Page, page
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1", tags=["inquiries"])

# Whoever an inquiry is assigned to sees and answers it, without any grant. What else
# there is to see and to answer, the services decide for each.
Creator = Annotated[Caller, requires(Resource.INQUIRIES, Action.CREATE)]
Editor = Annotated[Caller, requires(Resource.INQUIRIES, Action.UPDATE)]
Remover = Annotated[Caller, requires(Resource.INQUIRIES, Action.DELETE)]


@router.get("/inquiries", response_model=Page[InquirySummary])
async def list_inquiries(
    caller: Authenticated,
    inquiries: Inquiries,
    paging: Paging,
    *,
    status: Annotated[Status | None, Query()] = None,
    execution: QueryId = None,
    assigned_to: QueryId = None,
) -> Any:
    """List inquiries, newest first."""
    found = await inquiries.page(
        caller,
        paging,
        status=status,
        execution_id=execution,
        assigned_to_id=assigned_to,
    )
    return page(found, inquiry_summary)


@router.post(
    "/inquiries", status_code=HTTPStatus.CREATED, response_model=Data[InquiryResponse]
)
async def create_inquiry(
    body: CreateInquiryRequest, caller: Creator, asking: AskedInquiries
) -> Any:
    """Ask a person something for an execution; it ends after it was answered."""
    return data(await asking.create(caller, body.question()), "Inquiry created")


@router.get("/inquiries/status/{status}", response_model=Page[InquirySummary])
async def list_inquiries_by_status(
    status: Status, caller: Authenticated, inquiries: Inquiries, paging: Paging
) -> Any:
    """List the inquiries that stand there, newest first."""
    return page(await inquiries.page(caller, paging, status=status), inquiry_summary)


@router.get("/inquiries/{id}", response_model=Data[InquiryResponse])
async def get_inquiry(id: Id, caller: Authenticated, inquiries: Inquiries) -> Any:  # noqa: A002 - the contract's name
    """Get one inquiry."""
    return data(await inquiries.get(caller, id))


@router.put("/inquiries/{id}", response_model=Data[InquiryResponse])
async def update_inquiry(
    id: Id,  # noqa: A002 - the contract's name
    body: UpdateInquiryRequest,
    caller: Editor,
    asking: AskedInquiries,
) -> Any:
    """Change who has to answer and until when, or take the question back."""
    return data(await asking.update(caller, id, body.changes()), "Inquiry updated")


@router.delete("/inquiries/{id}", response_model=Success)
async def delete_inquiry(id: Id, caller: Remover, asking: AskedInquiries) -> Any:  # noqa: A002 - the contract's name
    """Remove an inquiry; an execution that waits on it is cancelled."""
    await asking.delete(caller, id)
    return success(f"Inquiry {id} deleted")


@router.post("/inquiries/{id}/respond", response_model=Data[InquiryResponse])
async def respond_to_inquiry(
    id: Id,  # noqa: A002 - the contract's name
    body: InquiryRespondRequest,
    caller: Authenticated,
    responding: Responding,
) -> Any:
    """Answer an inquiry, once, and let its execution go on."""
    inquiry = await responding.respond(caller, id, body.response)
    return data(inquiry, "Response accepted")


@router.get("/executions/{execution_id}/inquiries", response_model=Page[InquirySummary])
async def list_inquiries_by_execution(
    execution_id: Id, caller: Authenticated, inquiries: Inquiries, paging: Paging
) -> Any:
    """List what an execution asked."""
    found = await inquiries.page_of_execution(caller, paging, execution_id)
    return page(found, inquiry_summary)
