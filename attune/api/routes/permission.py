"""Permission sets, and to whom they are assigned."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Query

from attune.api.access import requires
from attune.api.dependencies import Assignments, PermissionSets
from attune.api.parameters import Id
from attune.api.routing import Router
from attune.api.schemas.envelope import Data, Success, data, success
from attune.api.schemas.identity import (
    PermissionAssignmentResponse,
    permission_assignment,
)
from attune.api.schemas.permission import (
    CreatePermissionAssignmentRequest,
    CreatePermissionSetRequest,
    CreatePermissionSetRoleAssignmentRequest,
    PermissionSetRoleAssignmentResponse,
    PermissionSetSummary,
    UpdatePermissionSetRequest,
    permission_set_summary,
    set_role,
)
from attune.domain.permission import Action, Caller, Resource
from attune.services.assignment import Assignee

router = Router(prefix="/api/v1/permissions", tags=["permissions"])

Reader = Annotated[Caller, requires(Resource.PERMISSIONS, Action.READ)]
Creator = Annotated[Caller, requires(Resource.PERMISSIONS, Action.CREATE)]
Editor = Annotated[Caller, requires(Resource.PERMISSIONS, Action.UPDATE)]
Remover = Annotated[Caller, requires(Resource.PERMISSIONS, Action.DELETE)]
Manager = Annotated[Caller, requires(Resource.PERMISSIONS, Action.MANAGE)]


@router.get("/sets", response_model=list[PermissionSetSummary])
async def list_permission_sets(
    caller: Reader,
    sets: PermissionSets,
    pack_ref: Annotated[str | None, Query(max_length=255)] = None,
) -> Any:
    """List the permission sets, by ref; a bare array."""
    return list(map(permission_set_summary, await sets.all(caller, pack_ref)))


@router.post(
    "/sets",
    status_code=HTTPStatus.CREATED,
    response_model=Data[PermissionSetSummary],
)
async def create_permission_set(
    body: CreatePermissionSetRequest, caller: Creator, sets: PermissionSets
) -> Any:
    """Make a permission set of grants that the caller has."""
    view = await sets.create(caller, body.given())
    return data(permission_set_summary(view), "Permission set created")


@router.delete("/sets/roles/{id}", response_model=Data[Success])
async def delete_permission_set_role_assignment(
    id: Id,  # noqa: A002 - the name in the path
    caller: Manager,
    assignments: Assignments,
) -> Any:
    """Take a permission set away from those who have it by a role."""
    await assignments.remove_set_role(caller, id)
    return data(success("Role taken away"))


@router.get("/sets/{id}", response_model=Data[PermissionSetSummary])
async def get_permission_set(
    id: Id,  # noqa: A002 - the name in the path
    caller: Reader,
    sets: PermissionSets,
) -> Any:
    """Get one permission set."""
    return data(permission_set_summary(await sets.get(caller, id)))


@router.put("/sets/{id}", response_model=Data[PermissionSetSummary])
async def update_permission_set(
    id: Id,  # noqa: A002 - the name in the path
    body: UpdatePermissionSetRequest,
    caller: Editor,
    sets: PermissionSets,
) -> Any:
    """Change a permission set that people made; those of packs are read-only."""
    view = await sets.update(caller, id, body.changes())
    return data(permission_set_summary(view), "Permission set updated")


@router.delete("/sets/{id}", response_model=Data[Success])
async def delete_permission_set(
    id: Id,  # noqa: A002 - the name in the path
    caller: Remover,
    sets: PermissionSets,
) -> Any:
    """Remove a permission set that people made; whoever has it loses its grants."""
    removed = await sets.delete(caller, id)
    return data(success(f"Permission set '{removed.ref}' deleted"))


@router.post(
    "/sets/{id}/roles",
    status_code=HTTPStatus.CREATED,
    response_model=Data[PermissionSetRoleAssignmentResponse],
)
async def create_permission_set_role_assignment(
    id: Id,  # noqa: A002 - the name in the path
    body: CreatePermissionSetRoleAssignmentRequest,
    caller: Manager,
    assignments: Assignments,
) -> Any:
    """Give a permission set to everybody with a role."""
    role, ref = await assignments.add_set_role(caller, id, body.role)
    return data(set_role(role, ref), "Role assigned")


@router.post(
    "/assignments",
    status_code=HTTPStatus.CREATED,
    response_model=Data[PermissionAssignmentResponse],
)
async def create_permission_assignment(
    body: CreatePermissionAssignmentRequest, caller: Manager, assignments: Assignments
) -> Any:
    """Assign a permission set to an identity; it has its grants at once."""
    assignee = Assignee(identity_id=body.identity_id, login=body.identity_login)
    given, ref = await assignments.assign(caller, assignee, body.permission_set_ref)
    return data(permission_assignment(given, ref), "Permission set assigned")


@router.delete("/assignments/{id}", response_model=Data[Success])
async def delete_permission_assignment(
    id: Id,  # noqa: A002 - the name in the path
    caller: Manager,
    assignments: Assignments,
) -> Any:
    """Take an assigned permission set away."""
    await assignments.unassign(caller, id)
    return data(success("Permission set taken away"))
