"""Policies: listed, made, changed, removed; and what waits for them."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Query

from attune.api.access import requires
from attune.api.dependencies import Policies
from attune.api.parameters import Paging, RefPath, Search
from attune.api.routing import Router
from attune.api.schemas.envelope import Data, Success, data, success
from attune.api.schemas.page import Page, page
from attune.api.schemas.policy import (
    CreatePolicyRequest,
    PolicySummary,
    QueueStatsResponse,
    UpdatePolicyRequest,
    policy_summary,
)
from attune.domain.permission import Action, Caller, Resource
from attune.domain.policy import PolicyScope

router = Router(prefix="/api/v1", tags=["policies"])

Reader = Annotated[Caller, requires(Resource.ACTIONS, Action.READ)]
Editor = Annotated[Caller, requires(Resource.ACTIONS, Action.UPDATE)]
Text = Annotated[str | None, Query(max_length=255)]


@router.get("/policies", response_model=Page[PolicySummary])
async def list_policies(
    caller: Reader,
    policies: Policies,
    paging: Paging,
    *,
    q: Search = None,
    pack_ref: Text = None,
    action_ref: Text = None,
    scope: PolicyScope | None = None,
    enabled: bool | None = None,
    tag: Text = None,
) -> Any:
    """List policies by ref."""
    found = await policies.page(
        caller,
        paging,
        q=q,
        pack_ref=pack_ref,
        action_ref=action_ref,
        scope=scope,
        enabled=enabled,
        tag=tag,
    )
    return page(found, policy_summary)


@router.post(
    "/policies", status_code=HTTPStatus.CREATED, response_model=Data[PolicySummary]
)
async def create_policy(
    body: CreatePolicyRequest, caller: Editor, policies: Policies
) -> Any:
    """Make a policy; it binds whatever starts from now on."""
    policy = await policies.create(caller, body.columns())
    return data(policy_summary(policy), "Policy created")


@router.get("/policies/{ref}", response_model=Data[PolicySummary])
async def get_policy(ref: RefPath, caller: Reader, policies: Policies) -> Any:
    """Get one policy."""
    return data(policy_summary(await policies.get(caller, ref)))


@router.put("/policies/{ref}", response_model=Data[PolicySummary])
async def update_policy(
    ref: RefPath, body: UpdatePolicyRequest, caller: Editor, policies: Policies
) -> Any:
    """Change what is given of a policy; it takes effect at once."""
    policy = await policies.update(caller, ref, body.columns())
    return data(policy_summary(policy), "Policy updated")


@router.delete("/policies/{ref}", response_model=Data[Success])
async def delete_policy(ref: RefPath, caller: Editor, policies: Policies) -> Any:
    """Remove a policy; what waits for it goes on."""
    await policies.delete(caller, ref)
    return data(success(f"Policy '{ref}' deleted"))


@router.get("/packs/{pack_ref}/policies", response_model=Page[PolicySummary])
async def list_policies_by_pack(
    pack_ref: RefPath, caller: Reader, policies: Policies, paging: Paging
) -> Any:
    """List the policies of a pack and of its actions."""
    found = await policies.page_of_pack(caller, paging, pack_ref)
    return page(found, policy_summary)


@router.get("/actions/{action_ref}/policies", response_model=Page[PolicySummary])
async def list_policies_by_action(
    action_ref: RefPath, caller: Reader, policies: Policies, paging: Paging
) -> Any:
    """List the policies that name an action."""
    found = await policies.page_of_action(caller, paging, action_ref)
    return page(found, policy_summary)


@router.get("/actions/{ref}/queue-stats", response_model=Data[QueueStatsResponse])
async def get_queue_stats(ref: RefPath, caller: Reader, policies: Policies) -> Any:
    """Tell how the executions of an action stand, and how many wait for policies."""
    return data(await policies.queue_of(caller, ref))
