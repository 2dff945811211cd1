"""Logging in: from a proof of identity to a pair of tokens."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

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
from attune.security.passwords import Passwords
from attune.security.tokens import InvalidToken, Tokens
from attune.services.access import check_standing
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
        self._throttle.check(login, address)
        async with self._database.transaction() as tx:
            identity = await tx.identities.find_by_login(login)
        known_hash = identity.password_hash if identity else None
        if not await self._passwords.matches(known_hash, password) or identity is None:
            self._throttle.record_failure(login, address)
            raise Unauthenticated("The login or the password is wrong")
        self._throttle.record_success(login, address)
        return self._pair(identity)

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Exchange a refresh token for a new pair."""
        claims = self._tokens.verify(refresh_token)
        if claims.token_type is not TokenType.REFRESH or claims.identity_id is None:
            raise InvalidToken("This is not a refresh token")
        async with self._database.transaction() as tx:
            identity = await tx.identities.find(claims.identity_id)
        if identity is None:
            raise InvalidToken("The identity of the token does not exist")
        check_standing(identity, claims)
        return self._pair(identity)

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
        digest = hashlib.sha256(token.encode()).hexdigest()
        async with self._database.transaction() as tx:
            identity_id = await tx.access.use_integration_token(
                digest, address=address, at=utc_now()
            )
            if identity_id is None:
                raise Unauthenticated("The token is not valid")
            identity = await tx.identities.get(identity_id)
        return self._pair(identity)

    async def login_with_ldap(self) -> TokenPair:
        """Refuse: no LDAP server is configured."""
        raise NotConfigured("LDAP is not configured")

    async def login_with_oidc(self) -> None:
        """Refuse: no OpenID Connect provider is configured."""
        raise NotConfigured("OpenID Connect is not configured")

    def _pair(self, identity: Identity) -> TokenPair:
        if identity.frozen:
            raise PermissionDenied("403 forbidden: the identity is frozen")
        access, refresh = self._rules.access_lifetime, self._rules.refresh_lifetime
        return TokenPair(
            access_token=self._sign(identity, TokenType.ACCESS, access),
            refresh_token=self._sign(identity, TokenType.REFRESH, refresh),
            expires_in=int(access.total_seconds()),
            user=identity,
        )

    def _sign(
        self, identity: Identity, token_type: TokenType, lifetime: timedelta
    ) -> str:
        return self._tokens.sign(
            token_type,
            identity_id=identity.id,
            login=identity.login,
            lifetime=lifetime,
            metadata={"epoch": identity.token_epoch},
        )
