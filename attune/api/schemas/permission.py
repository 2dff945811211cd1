"""Permission sets as clients read and write them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from attune.api.schemas.definition import Creation, Description, RefText, RowId
from attune.api.schemas.envelope import Body, Read
from attune.api.schemas.identity import RoleName
from attune.api.schemas.patch import Patch, Update
from attune.db.models.permission import PermissionSetRole
from attune.domain.grant_text import MOST_GRANTS
from attune.services.permission_set import PermissionSetView

Grants = Annotated[list[dict[str, Any]], Field(max_length=MOST_GRANTS)]
"""`{resource, actions, constraints?}` each, or `{type, scope, components}`."""


class CreatePermissionSetRequest(Creation):
    """A new permission set that belongs to no pack."""

    ref: RefText
    label: Annotated[str, Field(max_length=255)] | None = None
    description: Description | None = None
    grants: Grants


class UpdatePermissionSetRequest(Update):
    """Changes of a permission set; absent or null stays."""

    label: Annotated[str, Field(max_length=255)] | None = None
    description: Patch[Description] = None
    grants: Grants | None = None


class CreatePermissionAssignmentRequest(Body):
    """A permission set, and whom it is assigned to by id or by login."""

    permission_set_ref: RefText
    identity_id: RowId | None = None
    identity_login: RefText | None = None


class CreatePermissionSetRoleAssignmentRequest(Body):
    """The name of a role."""

    role: RoleName


class PermissionSetRoleAssignmentResponse(Read):
    """A role whose holders all have a permission set."""

    id: int
    permission_set_id: int
    permission_set_ref: str
    role: str
    created: datetime


class PermissionSetSummary(Read):
    """A permission set with its grants."""

    id: int
    ref: str
    label: str
    description: str | None
    pack_ref: str | None
    grants: list[dict[str, Any]]
    roles: list[PermissionSetRoleAssignmentResponse]
    is_adhoc: bool
    """Made by a person; others come with their packs and change with them."""
    owner_identity: int | None
    created: datetime
    updated: datetime


def permission_set_summary(view: PermissionSetView) -> PermissionSetSummary:
    """Show one permission set."""
    row = view.row
    return PermissionSetSummary(
        id=row.id,
        ref=row.ref,
        label=row.label,
        description=row.description,
        pack_ref=row.pack_ref,
        grants=row.grants,
        roles=[set_role(role, row.ref) for role in view.roles],
        is_adhoc=row.is_adhoc,
        owner_identity=row.owner_identity_id,
        created=row.created,
        updated=row.updated,
    )


def set_role(role: PermissionSetRole, ref: str) -> PermissionSetRoleAssignmentResponse:
    """Show a role that has the set of this ref."""
    return PermissionSetRoleAssignmentResponse(
        id=role.id,
        permission_set_id=role.permset_id,
        permission_set_ref=ref,
        role=role.role,
        created=role.created,
    )
