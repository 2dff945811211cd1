"""Who a token stands for, and what it may do: the one check of every token type."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final

from attune.clock import utc_now
from attune.db.database import Database
from attune.db.repositories.access import IdentityFacts
from attune.domain.errors import PermissionDenied
from attune.domain.permission import Caller, Grant, TokenType
from attune.security.tokens import Claims, InvalidToken, Tokens
from attune.services import caller
from attune.services.caller import INTEGRATION_TOKEN, KnownIdentity, parse_grants
from attune.services.memory import Memory

LEEWAY: Final = timedelta(seconds=60)


class AccessService:
    """Turns a token into a caller; identities and grants are remembered for seconds."""

    def __init__(self, database: Database, tokens: Tokens) -> None:
        self._database = database
        self._tokens = tokens
        self._identities = Memory[tuple[IdentityFacts, KnownIdentity]]()
        self._sets = Memory[tuple[Grant, ...]]()

    async def identify(self, token: str) -> Caller:
        """Return the caller, or raise InvalidToken or PermissionDenied."""
        claims = self._tokens.verify(token)
        if claims.token_type is TokenType.WORKER:
            return caller.worker(claims)
        if claims.token_type is TokenType.REFRESH:
            raise InvalidToken("A refresh token is not accepted here")
        identity = await self._identity(claims)
        if claims.token_type in {TokenType.SENSOR, TokenType.EXECUTION}:
            named = await self._named_grants(caller.named_sets(claims))
            if claims.token_type is TokenType.SENSOR:
                await self._check_start(claims)
                return caller.sensor(claims, identity, named)
            return replace(caller.execution(claims, identity, named), token=token)
        if identity is None:
            raise InvalidToken("The identity of the token does not exist")
        return caller.person(identity, claims)

    async def _check_start(self, claims: Claims) -> None:
        """Refuse a process whose place another one may have taken; never remembered."""
        start = caller.sensor_start(claims)
        if start is None:
            return
        async with self._database.autocommit() as tx:
            if not await tx.sensor_hosting.is_living(*start):
                raise InvalidToken("This start of the sensor is over")

    def forget(self) -> None:
        """Ask the database again; called when identities or grants have changed."""
        self._identities.forget()
        self._sets.forget()

    async def _identity(self, claims: Claims) -> KnownIdentity | None:
        identity_id = claims.identity_id
        if identity_id is None:
            return None
        # What a token relies on is part of the key: one that is younger than what is
        # remembered is not refused for it.
        relied_on = (
            claims.metadata.get("epoch"),
            claims.metadata.get(INTEGRATION_TOKEN),
        )
        facts, identity = await self._identities.recall(
            (identity_id, *map(str, relied_on)),
            partial(self._read_identity, identity_id),
        )
        check_standing(facts, claims)
        return identity

    async def _read_identity(
        self, identity_id: int
    ) -> tuple[IdentityFacts, KnownIdentity]:
        async with self._database.transaction() as tx:
            facts = await tx.access.find_facts(identity_id)
        if facts is None:
            raise InvalidToken("The identity of the token does not exist")
        return facts, KnownIdentity(
            id=facts.id,
            login=facts.login,
            attributes=facts.attributes,
            grants=parse_grants(facts.grants),
        )

    async def _named_grants(
        self, refs: frozenset[str] | None
    ) -> tuple[Grant, ...] | None:
        if refs is None:
            return None
        return await self._sets.recall(refs, partial(self._read_sets, refs))

    async def _read_sets(self, refs: frozenset[str]) -> tuple[Grant, ...]:
        async with self._database.transaction() as tx:
            return parse_grants(await tx.access.grants_of_sets(refs))


def check_standing(facts: IdentityFacts, claims: Claims) -> None:
    """Raise for a frozen identity, and for a token that was revoked since.

    A new password revokes all tokens of before, an integration token those that were
    exchanged for it.
    """
    if facts.frozen:
        raise PermissionDenied("403 forbidden: the identity is frozen")
    epoch = claims.metadata.get("epoch")
    if epoch is not None and epoch != facts.token_epoch:
        raise InvalidToken("The token was revoked")
    changed_at = facts.password_changed_at
    if epoch is None and changed_at and claims.issued_at + LEEWAY < changed_at:
        raise InvalidToken("The token was revoked")
    token_id = claims.metadata.get(INTEGRATION_TOKEN)
    if token_id is not None and not _is_good(facts.tokens, str(token_id)):
        raise InvalidToken("The integration token behind it was revoked or has expired")


def _is_good(tokens: Mapping[str, float | None], token_id: str) -> bool:
    if token_id not in tokens:
        return False
    expires_at = tokens[token_id]
    return expires_at is None or expires_at > utc_now().timestamp()
