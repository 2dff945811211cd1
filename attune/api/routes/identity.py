"""Identities: listed, made, changed, frozen, removed."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Query

from attune.api.access import requires
from attune.api.dependencies import Assignments, IdentityEntries
from attune.api.parameters import Id, Paging, QueryId, Search
from attune.api.routing import Router
from attune.api.schemas.envelope import Data, Success, data, success
from attune.api.schemas.identity import (
    CreateIdentityRequest,
    CreateIdentityRoleAssignmentRequest,
    IdentityResponse,
    IdentityRoleAssignmentResponse,
    IdentitySummary,
    PermissionAssignmentResponse,
    UpdateIdentityRequest,
    identity_response,
    identity_summary,
    permission_assignment,
)
from attune.api.schemas.page import Page, page
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1/identities", tags=["permissions"])

Reader = Annotated[Caller, requires(Resource.IDENTITIES, Action.READ)]
Creator = Annotated[Caller, requires(Resource.IDENTITIES, Action.CREATE)]
Editor = Annotated[Caller, requires(Resource.IDENTITIES, Action.UPDATE)]
Remover = Annotated[Caller, requires(Resource.IDENTITIES, Action.DELETE)]
PermissionReader = Annotated[Caller, requires(Resource.PERMISSIONS, Action.READ)]
Manager = Annotated[Caller, requires(Resource.PERMISSIONS, Action.MANAGE)]


@router.get("", response_model=Page[IdentitySummary])
async def list_identities(
    caller: Reader,
    identities: IdentityEntries,
    paging: Paging,
    *,
    q: Search = None,
    frozen: bool | None = None,
) -> Any:
    """List identities, first those that were made first."""
    found = await identities.page(caller, paging, q=q, frozen=frozen)
    return page(found, identity_summary)


@router.post("", status_code=HTTPStatus.CREATED, response_model=Data[IdentityResponse])
async def create_identity(
    body: CreateIdentityRequest, caller: Creator, identities: IdentityEntries
) -> Any:
    """Make an identity; it may do nothing until it is assigned a permission set."""
    view = await identities.create(caller, body.given())
    return data(identity_response(view), "Identity created")


@router.delete("/roles/{id}", response_model=Data[Success])
async def delete_identity_role_assignment(
    id: Id,  # noqa: A002 - the name in the path
    caller: Manager,
    assignments: Assignments,
) -> Any:
    """Take a role away from an identity."""
    await assignments.remove_role(caller, id)
    return data(success("Role taken away"))


@router.get("/{id}", response_model=Data[IdentityResponse])
async def get_identity(
    id: Id,  # noqa: A002 - the name in the path
    caller: Reader,
    identities: IdentityEntries,
) -> Any:
    """Get one identity."""
    return data(identity_response(await identities.get(caller, id)))


@router.put("/{id}", response_model=Data[IdentityResponse])
async def update_identity(
    id: Id,  # noqa: A002 - the name in the path
    body: UpdateIdentityRequest,
    caller: Editor,
    identities: IdentityEntries,
) -> Any:
    """Change what is given of an identity; a new password ends all its sessions."""
    view = await identities.update(caller, id, body.changes())
    return data(identity_response(view), "Identity updated")


@router.delete("/{id}", response_model=Data[Success])
async def delete_identity(
    id: Id,  # noqa: A002 - the name in the path
    caller: Remover,
    identities: IdentityEntries,
    successor_id: Annotated[QueryId, Query()] = None,
) -> Any:
    """Remove an identity with its keys; `successor_id` gets its packs and rules."""
    removed = await identities.delete(caller, id, successor_id)
    return data(success(f"Identity '{removed.login}' deleted"))


@router.post("/{id}/freeze", response_model=Data[Success])
async def freeze_identity(
    id: Id,  # noqa: A002 - the name in the path
    caller: Editor,
    identities: IdentityEntries,
) -> Any:
    """Refuse an identity and all its tokens from now on."""
    view = await identities.set_frozen(caller, id, frozen=True)
    return data(success(f"Identity '{view.identity.login}' frozen"))


@router.post("/{id}/unfreeze", response_model=Data[Success])
async def unfreeze_identity(
    id: Id,  # noqa: A002 - the name in the path
    caller: Editor,
    identities: IdentityEntries,
) -> Any:
    """Let a frozen identity in again."""
    view = await identities.set_frozen(caller, id, frozen=False)
    return data(success(f"Identity '{view.identity.login}' unfrozen"))


@router.get("/{id}/permissions", response_model=list[PermissionAssignmentResponse])
async def list_identity_permissions(
    id: Id,  # noqa: A002 - the name in the path
    caller: PermissionReader,
    assignments: Assignments,
) -> Any:
    """List the permission sets that were assigned to an identity directly."""
    found = await assignments.permissions_of(caller, id)
    return [permission_assignment(each, ref) for each, ref in found]


@router.post(
    "/{id}/roles",
    status_code=HTTPStatus.CREATED,
    response_model=Data[IdentityRoleAssignmentResponse],
)
async def create_identity_role_assignment(
    id: Id,  # noqa: A002 - the name in the path
    body: CreateIdentityRoleAssignmentRequest,
    caller: Manager,
    assignments: Assignments,
) -> Any:
    """Give an identity a role, and with it the permission sets of that role."""
    return data(await assignments.add_role(caller, id, body.role), "Role assigned")
