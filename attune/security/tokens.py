"""Access, refresh, sensor, execution and worker tokens: HS256, signed and checked."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt

from attune.clock import utc_now
from attune.domain.errors import Unauthenticated
from attune.domain.permission import TokenType

ALGORITHM: Final = "HS256"
LEEWAY: Final = timedelta(seconds=60)

LIFETIMES: Final[Mapping[TokenType, timedelta]] = {
    TokenType.ACCESS: timedelta(hours=1),
    TokenType.REFRESH: timedelta(days=7),
    TokenType.SENSOR: timedelta(days=1),
    TokenType.WORKER: timedelta(days=1),
}
"""How long each kind lives; an execution token lives as long as its execution."""

_MINIMUM_SECRET_BYTES = 32
_LARGEST_ID = 2**63
_REMEMBERED = 2_000


class InvalidToken(Unauthenticated):
    """The bearer token is missing, broken, expired or of the wrong kind."""


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a valid token says."""

    subject: str
    """The identity's id as text; `0` where no identity stands behind the token."""
    token_type: TokenType
    login: str = ""
    issued_at: datetime
    expires_at: datetime
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity_id(self) -> int | None:
        """The identity behind the token, or None where there is none."""
        return int(self.subject) or None


class Tokens:
    """Signs and checks tokens with one secret; the algorithm is never the token's."""

    def __init__(self, secret: str) -> None:
        if len(secret.encode()) < _MINIMUM_SECRET_BYTES:
            raise ValueError(
                f"the signing secret needs at least {_MINIMUM_SECRET_BYTES} bytes"
            )
        self._secret = secret
        self._verified: OrderedDict[str, Claims] = OrderedDict()

    def sign(
        self,
        token_type: TokenType,
        *,
        identity_id: int | None,
        login: str,
        lifetime: timedelta | None = None,
        scope: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """Make a token that lives for `lifetime`, or as long as its kind does."""
        now = utc_now()
        claims: dict[str, Any] = {
            "sub": str(identity_id or 0),
            "login": login,
            "iat": now,
            "exp": now + (lifetime or LIFETIMES[token_type]),
            "token_type": token_type.value,
        }
        if scope is not None:
            claims["scope"] = scope
        if metadata is not None:
            claims["metadata"] = dict(metadata)
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def verify(self, token: str) -> Claims:
        """Return what the token says, or raise InvalidToken.

        A signature holds for ever, so one that was checked is not checked again.
        """
        claims = self._verified.get(token)
        if claims is None:
            claims = self._check(token)
            self._verified[token] = claims
            if len(self._verified) > _REMEMBERED:
                self._verified.popitem(last=False)
        elif claims.expires_at + LEEWAY <= utc_now():
            del self._verified[token]
            raise InvalidToken("The token has expired")
        return claims

    def _check(self, token: str) -> Claims:
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                leeway=LEEWAY,
                options={
                    "require": ["exp", "sub", "token_type"],
                    "verify_aud": False,
                },
            )
            return _claims_of(claims)
        except jwt.ExpiredSignatureError as error:
            raise InvalidToken("The token has expired") from error
        except (jwt.InvalidTokenError, ValueError, TypeError) as error:
            raise InvalidToken("The token is not valid") from error


def _claims_of(claims: Mapping[str, Any]) -> Claims:
    """Read the claims strictly; raises ValueError where they are not ours."""
    subject = claims["sub"]
    metadata = claims.get("metadata") or {}
    if not (subject.isascii() and subject.isdigit() and int(subject) < _LARGEST_ID):
        raise ValueError("the subject is not an identity")
    if not isinstance(metadata, dict):
        raise TypeError("the metadata is not an object")
    expires_at = _time(claims["exp"])
    return Claims(
        subject=subject,
        token_type=TokenType(claims["token_type"]),
        login=str(claims.get("login", "")),
        issued_at=_time(claims["iat"]) if "iat" in claims else expires_at,
        expires_at=expires_at,
        metadata=metadata,
    )


def _time(seconds: object) -> datetime:
    if not isinstance(seconds, int | float) or not 0 < seconds < 2**34:
        raise ValueError("not a time")
    return datetime.fromtimestamp(seconds, tz=UTC)
