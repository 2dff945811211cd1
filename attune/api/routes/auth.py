"""Logging in, refreshing, registering, and one's own identity."""

from http import HTTPStatus
from typing import Any

from fastapi import Request

from attune.api.dependencies import PUBLIC, Auth, Authenticated, Identities, SignedIn
from attune.api.errors import SWITCHED_OFF
from attune.api.routing import Router
from attune.api.schemas.auth import (
    AuthSettings,
    ChangePasswordRequest,
    CurrentUserResponse,
    LoginRequest,
    RefreshTokenRequest,
    RegisterRequest,
    TokenLoginRequest,
    TokenResponse,
    UpdateCurrentUserRequest,
)
from attune.api.schemas.envelope import Data, Success, data, success

router = Router(prefix="/auth", tags=["auth"])


@router.post("/login", response_model=Data[TokenResponse], dependencies=[PUBLIC])
async def login(body: LoginRequest, auth: Auth, request: Request) -> Any:
    """Exchange a login and its password for tokens."""
    return data(await auth.login(body.login, body.password, _address(request)))


@router.post("/refresh", response_model=Data[TokenResponse], dependencies=[PUBLIC])
async def refresh_token(body: RefreshTokenRequest, auth: Auth) -> Any:
    """Exchange a refresh token for a new pair."""
    return data(await auth.refresh(body.refresh_token))


@router.post("/register", response_model=Data[TokenResponse], dependencies=[PUBLIC])
async def register(body: RegisterRequest, auth: Auth) -> Any:
    """Make an identity of one's own, where that is switched on."""
    return data(await auth.register(body.login, body.password, body.display_name))


@router.post("/token-login", response_model=Data[TokenResponse], dependencies=[PUBLIC])
async def token_login(body: TokenLoginRequest, auth: Auth, request: Request) -> Any:
    """Exchange an integration token for tokens."""
    return data(await auth.login_with_integration_token(body.token, _address(request)))


@router.post(
    "/ldap/login",
    response_model=Data[TokenResponse],
    dependencies=[PUBLIC],
    responses=SWITCHED_OFF,
)
async def ldap_login(body: LoginRequest, auth: Auth) -> Any:
    """Log in through LDAP, where that is configured."""
    del body
    return data(await auth.login_with_ldap())


@router.get(
    "/oidc/login",
    dependencies=[PUBLIC],
    status_code=HTTPStatus.TEMPORARY_REDIRECT,
    responses=SWITCHED_OFF,
)
async def oidc_login(auth: Auth) -> None:
    """Log in through OpenID Connect, where that is configured."""
    await auth.login_with_oidc()


@router.get(
    "/callback",
    dependencies=[PUBLIC],
    status_code=HTTPStatus.TEMPORARY_REDIRECT,
    responses=SWITCHED_OFF,
)
async def oidc_callback(auth: Auth) -> None:
    """Come back from the OpenID Connect provider."""
    await auth.login_with_oidc()


@router.get(
    "/logout",
    dependencies=[PUBLIC],
    status_code=HTTPStatus.TEMPORARY_REDIRECT,
    responses=SWITCHED_OFF,
)
async def logout(auth: Auth) -> None:
    """End the session at the OpenID Connect provider."""
    await auth.login_with_oidc()


@router.get("/settings", response_model=Data[AuthSettings], dependencies=[PUBLIC])
async def get_auth_settings(auth: Auth) -> Any:
    """Tell how people can log in here."""
    allowed = auth.rules.allow_self_registration
    return data(AuthSettings(self_registration_enabled=allowed))


@router.get("/me", response_model=Data[CurrentUserResponse])
async def get_current_user(caller: Authenticated, identities: Identities) -> Any:
    """Tell who the token stands for and what it may do."""
    return data(await identities.current(caller))


@router.put("/me", response_model=Data[CurrentUserResponse])
async def update_current_user(
    body: UpdateCurrentUserRequest, caller: SignedIn, identities: Identities
) -> Any:
    """Change one's own display name."""
    return data(await identities.rename(caller, body.display_name))


@router.post("/change-password", response_model=Data[Success])
async def change_password(
    body: ChangePasswordRequest,
    caller: SignedIn,
    identities: Identities,
    request: Request,
) -> Any:
    """Set a new password; tokens from before stop working."""
    await identities.change_password(
        caller, body.current_password, body.new_password, _address(request)
    )
    return data(success("Password changed; log in again"))


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"
