"""Identities, their roles and their integration tokens, as clients read and write them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from attune.api.schemas.definition import Creation, Description
from attune.api.schemas.envelope import Body, Flag, Omitted, Read
from attune.api.schemas.moment import AwareMoment
from attune.api.schemas.patch import Update
from attune.db.models.permission import PermissionAssignment
from attune.services.identity_directory import IdentityView
from attune.services.integration_token import TokenView

Login = Annotated[str, Field(min_length=3, max_length=255)]
Password = Annotated[str, Field(min_length=8, max_length=128)]
DisplayName = Annotated[str, Field(max_length=255)]
RoleName = Annotated[str, Field(min_length=1, max_length=255)]


class CreateIdentityRequest(Creation):
    """A new identity; one without a password can only come with a token."""

    login: Login
    display_name: DisplayName | None = None
    password: Password | None = None
    attributes: dict[str, Any] | None = None


class UpdateIdentityRequest(Update):
    """Changes of an identity; absent or null stays."""

    display_name: DisplayName | None = None
    password: Password | None = None
    attributes: dict[str, Any] | None = None
    """All of them: what is not named is gone."""
    frozen: Flag | None = None


class CreateIdentityRoleAssignmentRequest(Body):
    """The name of a role."""

    role: RoleName


class IdentityRoleAssignmentResponse(Read):
    """A role of an identity."""

    id: int
    identity_id: int
    role: str
    source: str
    managed: bool
    """Given and taken away by an identity provider."""
    created: datetime
    updated: datetime


class PermissionAssignmentResponse(Read):
    """A permission set that was assigned to an identity."""

    id: int
    identity_id: int
    permission_set_id: int
    permission_set_ref: str
    created: datetime


class IdentitySummary(Read):
    """An identity in a list."""

    id: int
    login: str
    display_name: str | None
    attributes: dict[str, Any]
    frozen: bool
    roles: list[str]


class IdentityResponse(Read):
    """An identity with its roles and with what was assigned to it directly."""

    id: int
    login: str
    display_name: str | None
    attributes: dict[str, Any]
    frozen: bool
    roles: list[IdentityRoleAssignmentResponse]
    direct_permissions: list[PermissionAssignmentResponse]
    can_log_in_with_password: bool
    created: datetime
    updated: datetime


class CreateIntegrationTokenRequest(Body):
    """A new integration token."""

    label: Annotated[str, Field(min_length=1, max_length=255)]
    description: Description | None = None
    expires_at: AwareMoment | None = None


class RevokeIntegrationTokenRequest(Body):
    """Why a token is revoked."""

    reason: Annotated[str, Field(max_length=1000)] | None = None


class IntegrationTokenResponse(Read):
    """An integration token, of which nobody can ask for the secret."""

    id: int
    identity_id: int
    label: str
    description: str | None
    token_prefix: str
    token_suffix: str
    active: bool
    expires_at: Omitted[datetime]
    last_used_at: Omitted[datetime]
    last_used_ip: str | None
    created_by: int | None
    revoked_at: Omitted[datetime]
    revoked_by: int | None
    revocation_reason: str | None
    created: datetime
    updated: datetime


class CreateIntegrationTokenResponse(Read):
    """A new token, with the secret that is shown this once."""

    token: str
    integration_token: IntegrationTokenResponse


def identity_summary(view: IdentityView) -> IdentitySummary:
    """Show an identity in a list."""
    identity = view.identity
    return IdentitySummary(
        id=identity.id,
        login=identity.login,
        display_name=identity.display_name,
        attributes=identity.attributes,
        frozen=identity.frozen,
        roles=[role.role for role in view.roles],
    )


def identity_response(view: IdentityView) -> IdentityResponse:
    """Show one identity."""
    identity = view.identity
    return IdentityResponse(
        id=identity.id,
        login=identity.login,
        display_name=identity.display_name,
        attributes=identity.attributes,
        frozen=identity.frozen,
        roles=list(map(IdentityRoleAssignmentResponse.model_validate, view.roles)),
        direct_permissions=[
            permission_assignment(each, ref) for each, ref in view.assignments
        ],
        can_log_in_with_password=identity.password_hash is not None,
        created=identity.created,
        updated=identity.updated,
    )


def permission_assignment(
    assignment: PermissionAssignment, ref: str
) -> PermissionAssignmentResponse:
    """Show one assignment of a set of this ref."""
    return PermissionAssignmentResponse(
        id=assignment.id,
        identity_id=assignment.identity_id,
        permission_set_id=assignment.permset_id,
        permission_set_ref=ref,
        created=assignment.created,
    )


def integration_token(view: TokenView) -> IntegrationTokenResponse:
    """Show one token."""
    token = view.token
    return IntegrationTokenResponse(
        id=token.id,
        identity_id=token.identity_id,
        label=token.label,
        description=token.description,
        token_prefix=token.token_prefix,
        token_suffix=token.token_suffix,
        active=view.active,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        last_used_ip=token.last_used_ip,
        created_by=token.created_by_id,
        revoked_at=token.revoked_at,
        revoked_by=token.revoked_by_id,
        revocation_reason=token.revocation_reason,
        created=token.created,
        updated=token.updated,
    )
