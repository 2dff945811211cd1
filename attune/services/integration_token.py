"""Integration tokens: secrets by which services log in; each is shown once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from attune.clock import utc_now
from attune.db.database import Database, Transaction
from attune.db.models.identity import Identity, IntegrationToken
from attune.domain.errors import InvalidInput, NotFound, PermissionDenied
from attune.domain.permission import Action, Caller, Resource
from attune.security.integration_token import new_token
from attune.services.delegation import require_equal
from attune.services.identity_directory import lock_identity, visible_identity


@dataclass(frozen=True, kw_only=True)
class TokenView:
    """An integration token, and whether it still lets anybody in."""

    token: IntegrationToken
    active: bool


@dataclass(frozen=True, kw_only=True)
class CreatedToken:
    """A new token with the secret, which nobody can ask for again."""

    plaintext: str
    view: TokenView


class IntegrationTokenService:
    """Everybody keeps their own tokens; those of others take what changing them takes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, caller: Caller, identity_id: int) -> Sequence[TokenView]:
        """Return the tokens of an identity, newest first."""
        async with self._database.transaction() as tx:
            if identity_id != caller.identity_id:
                await visible_identity(tx, caller, identity_id)
            found = await tx.integration_tokens.find_by_identity(identity_id)
        return list(map(_view, found))

    async def create(
        self,
        caller: Caller,
        identity_id: int,
        *,
        label: str,
        description: str | None = None,
        expires_at: datetime | None = None,
    ) -> CreatedToken:
        """Make a token that acts as the identity."""
        if expires_at is not None and expires_at <= utc_now():
            raise InvalidInput("expires_at: lies in the past")
        secret = new_token()
        async with self._database.transaction() as tx:
            identity = await _lock(tx, caller, identity_id)
            if not label.strip():
                raise InvalidInput("label: must say something")
            await require_equal(tx, caller, identity.id, identity.login)
            row = IntegrationToken(
                identity_id=identity.id,
                label=label.strip(),
                description=description,
                token_hash=secret.hash,
                token_prefix=secret.shown_prefix,
                token_suffix=secret.shown_suffix,
                expires_at=expires_at,
                created_by_id=caller.identity_id,
            )
            await tx.integration_tokens.add(row)
        return CreatedToken(plaintext=secret.plaintext, view=_view(row))

    async def revoke(
        self, caller: Caller, identity_id: int, token_id: int, reason: str | None
    ) -> TokenView:
        """Make a token useless, with every session it began; repeating changes nothing."""
        async with self._database.transaction() as tx:
            row = await _lock_token(tx, caller, identity_id, token_id)
            if row.revoked_at is None:
                row.revoked_at = utc_now()
                row.revoked_by_id = caller.identity_id
                row.revocation_reason = reason
                await tx.flush()
        return _view(row)

    async def delete(self, caller: Caller, identity_id: int, token_id: int) -> None:
        """Remove a token, with every session it began."""
        async with self._database.transaction() as tx:
            row = await _lock_token(tx, caller, identity_id, token_id)
            await tx.integration_tokens.remove(row)


async def _lock(tx: Transaction, caller: Caller, identity_id: int) -> Identity:
    """Return the identity whose tokens the caller may change."""
    if identity_id != caller.identity_id:
        return await lock_identity(tx, caller, identity_id, Action.UPDATE)
    may_update = caller.may(Resource.IDENTITIES, Action.UPDATE)
    if caller.integration_token_id is not None and not may_update:
        raise PermissionDenied(
            "403 forbidden: who came with an integration token keeps no others"
        )
    return await tx.identities.lock(identity_id)


async def _lock_token(
    tx: Transaction, caller: Caller, identity_id: int, token_id: int
) -> IntegrationToken:
    identity = await _lock(tx, caller, identity_id)
    row = await tx.integration_tokens.lock(token_id)
    if row.identity_id != identity.id:
        raise NotFound(entity="integration token", ref=token_id)
    return row


def _view(row: IntegrationToken) -> TokenView:
    is_over = row.expires_at is not None and row.expires_at <= utc_now()
    return TokenView(token=row, active=row.revoked_at is None and not is_over)
