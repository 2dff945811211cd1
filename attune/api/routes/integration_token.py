"""Integration tokens of identities: one's own, and those of others."""

from http import HTTPStatus
from typing import Any

from attune.api.dependencies import IntegrationTokens, SignedIn
from attune.api.parameters import Id
from attune.api.routing import Router
from attune.api.schemas.envelope import Data, Success, data, listed, success
from attune.api.schemas.identity import (
    CreateIntegrationTokenRequest,
    CreateIntegrationTokenResponse,
    IntegrationTokenResponse,
    RevokeIntegrationTokenRequest,
    integration_token,
)

router = Router(
    prefix="/api/v1/identities/{id}/integration-tokens", tags=["permissions"]
)


@router.get("", response_model=Data[list[IntegrationTokenResponse]])
async def list_integration_tokens(
    id: Id,  # noqa: A002 - the name in the path
    caller: SignedIn,
    tokens: IntegrationTokens,
) -> Any:
    """List the tokens of oneself, or of an identity that one may look at."""
    return listed(list(map(integration_token, await tokens.all(caller, id))))


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=Data[CreateIntegrationTokenResponse],
)
async def create_integration_token(
    id: Id,  # noqa: A002 - the name in the path
    body: CreateIntegrationTokenRequest,
    caller: SignedIn,
    tokens: IntegrationTokens,
) -> Any:
    """Make a token that acts as the identity; its secret is shown this once."""
    created = await tokens.create(
        caller,
        id,
        label=body.label,
        description=body.description,
        expires_at=body.expires_at,
    )
    shown = CreateIntegrationTokenResponse(
        token=created.plaintext, integration_token=integration_token(created.view)
    )
    return data(shown, "Integration token created; it is not shown again")


@router.delete("/{token_id}", response_model=Data[Success])
async def delete_integration_token(
    id: Id,  # noqa: A002 - the name in the path
    token_id: Id,
    caller: SignedIn,
    tokens: IntegrationTokens,
) -> Any:
    """Remove a token; the sessions it began end."""
    await tokens.delete(caller, id, token_id)
    return data(success("Integration token deleted"))


@router.post("/{token_id}/revoke", response_model=Data[IntegrationTokenResponse])
async def revoke_integration_token(
    id: Id,  # noqa: A002 - the name in the path
    token_id: Id,
    caller: SignedIn,
    tokens: IntegrationTokens,
    body: RevokeIntegrationTokenRequest | None = None,
) -> Any:
    """Make a token useless and keep the record of it; the sessions it began end."""
    reason = None if body is None else body.reason
    view = await tokens.revoke(caller, id, token_id, reason)
    return data(integration_token(view), "Integration token revoked")
