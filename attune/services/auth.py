"""Logging in: from a proof of identity to a pair of tokens."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from attune.clock import utc_now
from attune.db.database import Database
from attune.db.models.identity import Identity
from attune.domain.errors import (
    NotConfigured,
    PermissionDenied,
    Unauthenticated,
)
from attune.domain.identity import (
    canonical_display_name,
    canonical_login,
    check_password,
)
from attune.domain.permission import TokenType
from attune.security.integration_token import hash_of
from attune.security.passwords import Passwords
from attune.security.tokens import InvalidToken, Tokens
from attune.services.access import check_standing
from attune.services.caller import INTEGRATION_TOKEN
from attune.services.login_audit import note_failed_login, note_login
from attune.services.login_throttle import LoginThrottle


@dataclass(frozen=True, kw_only=True)
class AuthRules:
    """How this installation lets people in."""

    access_lifetime: timedelta = timedelta(hours=1)
    refresh_lifetime: timedelta = timedelta(days=7)
    allow_self_registration: bool = False


@dataclass(frozen=True, kw_only=True)
class TokenPair:
    """What somebody who proved who they are gets."""

    access_token: str
    refresh_token: str
    expires_in: int
    user: Identity
    token_type: str = "Bearer"  # noqa: S105 - a scheme, not a password


class AuthService:
    """Checks proofs and signs tokens."""

    def __init__(
        self,
        database: Database,
        tokens: Tokens,
        passwords: Passwords,
        rules: AuthRules,
        throttle: LoginThrottle,
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._passwords = passwords
        self._rules = rules
        self._throttle = throttle

    @property
    def rules(self) -> AuthRules:
        """How this installation lets people in."""
        return self._rules

    async def login(self, login: str, password: str, address: str) -> TokenPair:
        """Exchange a password for tokens; an unknown login costs the same time."""
        await self._throttle.check(login, address)
        async with self._database.transaction() as tx:
            identity = await tx.identities.find_by_login(login)
        known_hash = identity.password_hash if identity else None
        if not await self._passwords.matches(known_hash, password) or identity is None:
            await self._throttle.record_failure(login, address)
            await note_failed_login(self._database, identity, address, proof="password")
            raise Unauthenticated("The login or the password is wrong")
        await self._throttle.record_success(login, address)
        await note_login(self._database, identity, address, proof="password")
        return self._pair(identity)

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Exchange a refresh token for a new pair."""
        claims = self._tokens.verify(refresh_token)
        if claims.token_type is not TokenType.REFRESH or claims.identity_id is None:
            raise InvalidToken("This is not a refresh token")
        async with self._database.transaction() as tx:
            facts = await tx.access.find_facts(claims.identity_id)
            if facts is None:
                raise InvalidToken("The identity of the token does not exist")
            check_standing(facts, claims)
            identity = await tx.identities.get(facts.id)
        return self._pair(identity, claims.metadata.get(INTEGRATION_TOKEN))

    async def register(
        self, login: str, password: str, display_name: str | None
    ) -> TokenPair:
        """Create an identity without grants, where self-registration is on."""
        if not self._rules.allow_self_registration:
            raise PermissionDenied("403 forbidden: self-registration is switched off")
        check_password(password)
        name = canonical_display_name(display_name) if display_name else None
        identity = Identity(
            login=canonical_login(login),
            display_name=name,
            password_hash=await self._passwords.hash(password),
        )
        async with self._database.transaction() as tx:
            await tx.identities.add(identity)
        return self._pair(identity)

    async def login_with_integration_token(self, token: str, address: str) -> TokenPair:
        """Exchange a service's long-lived token for an ordinary pair."""
        async with self._database.transaction() as tx:
            used = await tx.access.use_integration_token(
                hash_of(token), address=address, at=utc_now()
            )
            identity = None if used is None else await tx.identities.get(used.identity)
        if used is None or identity is None:
            await note_failed_login(self._database, None, address, proof="token")
            raise Unauthenticated("The token is not valid")
        await note_login(self._database, identity, address, proof="token")
        return self._pair(identity, used.id)

    async def login_with_ldap(self) -> TokenPair:
        """Refuse: no LDAP server is configured."""
        raise NotConfigured("LDAP is not configured")

    async def login_with_oidc(self) -> None:
        """Refuse: no OpenID Connect provider is configured."""
        raise NotConfigured("OpenID Connect is not configured")

    def _pair(
        self, identity: Identity, integration_token_id: object = None
    ) -> TokenPair:
        """Sign a pair; it is good for as long as the integration token it came from."""
        if identity.frozen:
            raise PermissionDenied("403 forbidden: the identity is frozen")
        access, refresh = self._rules.access_lifetime, self._rules.refresh_lifetime
        metadata: dict[str, object] = {"epoch": identity.token_epoch}
        if integration_token_id is not None:
            metadata[INTEGRATION_TOKEN] = integration_token_id
        sign = partial(
            self._tokens.sign,
            identity_id=identity.id,
            login=identity.login,
            metadata=metadata,
        )
        return TokenPair(
            access_token=sign(TokenType.ACCESS, lifetime=access),
            refresh_token=sign(TokenType.REFRESH, lifetime=refresh),
            expires_in=int(access.total_seconds()),
            user=identity,
        )
