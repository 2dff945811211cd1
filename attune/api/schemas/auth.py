"""Logging in, and what an identity sees of itself."""

from typing import Annotated, Any

from pydantic import Field

from attune.api.schemas.envelope import Body, Omitted, Read

Text = Annotated[str, Field(min_length=1, max_length=1024)]


class LoginRequest(Body):
    """A login and its password."""

    login: Text
    password: Text


class RegisterRequest(Body):
    """A new identity."""

    login: Annotated[str, Field(min_length=3, max_length=255)]
    password: Annotated[str, Field(min_length=8, max_length=128)]
    display_name: Annotated[str, Field(max_length=255)] | None = None


class RefreshTokenRequest(Body):
    """The refresh token of the last pair."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=8192)]


class TokenLoginRequest(Body):
    """An integration token."""

    token: Text


class ChangePasswordRequest(Body):
    """The password of now and the one to come."""

    current_password: Text
    new_password: Annotated[str, Field(min_length=8, max_length=128)]


class UpdateCurrentUserRequest(Body):
    """What an identity changes of itself; absent or null stays."""

    display_name: Annotated[str, Field(max_length=255)] | None = None


class UserInfo(Read):
    """Who logged in."""

    id: int
    login: str
    display_name: str | None


class TokenResponse(Read):
    """A pair of tokens."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int
    """Seconds until the access token ends."""
    user: UserInfo


class EffectivePermission(Read):
    """One grant, wherever it comes from."""

    resource: str
    actions: list[str]
    constraints: Omitted[dict[str, Any]]


class CurrentUserResponse(Read):
    """An identity as it sees itself."""

    id: int
    login: str
    display_name: str | None
    auth_provider: str
    is_local: bool
    can_change_password: bool
    provider_profile: dict[str, Any] | None
    effective_permissions: list[EffectivePermission]
    assigned_permission_set_refs: list[str]


class AuthSettings(Read):
    """How this installation lets people in."""

    authentication_enabled: bool = True
    local_password_enabled: bool = True
    local_password_visible_by_default: bool = True
    oidc_enabled: bool = False
    oidc_visible_by_default: bool = False
    oidc_provider_name: str | None = None
    oidc_provider_label: str | None = None
    oidc_provider_icon_url: str | None = None
    ldap_enabled: bool = False
    ldap_visible_by_default: bool = False
    ldap_provider_name: str | None = None
    ldap_provider_label: str | None = None
    ldap_provider_icon_url: str | None = None
    self_registration_enabled: bool
