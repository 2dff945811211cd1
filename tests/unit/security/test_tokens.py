"""What is signed, and which tokens are refused."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from attune.domain.permission import TokenType
from attune.security import tokens as module
from attune.security.tokens import LIFETIMES, InvalidToken, Tokens

SECRET = "a secret of more than thirty-two bytes"
TOKENS = Tokens(SECRET)


def claims(**changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    base = {
        "sub": "7",
        "login": "ann",
        "iat": now,
        "exp": now + timedelta(hours=1),
        "token_type": "access",
    }
    return {k: v for k, v in {**base, **changes}.items() if v is not None}


def mint(**changes: Any) -> str:
    return jwt.encode(claims(**changes), SECRET, algorithm="HS256")


def test_a_token_carries_exactly_the_claims_of_the_contract() -> None:
    token = TOKENS.sign(
        TokenType.EXECUTION,
        identity_id=7,
        login="ann",
        lifetime=timedelta(seconds=90),
        scope="execution",
        metadata={"execution_id": 3},
    )

    said = jwt.decode(token, SECRET, algorithms=["HS256"])

    assert set(said) == {
        "sub", "login", "iat", "exp", "token_type", "scope", "metadata"
    }  # fmt: skip
    assert said["sub"] == "7"
    assert said["token_type"] == "execution"
    assert said["exp"] - said["iat"] == 90
    assert jwt.get_unverified_header(token)["alg"] == "HS256"


@pytest.mark.parametrize(("kind", "seconds"), [
    (TokenType.ACCESS, 3600),
    (TokenType.REFRESH, 604_800),
    (TokenType.SENSOR, 86_400),
    (TokenType.WORKER, 86_400),
])  # fmt: skip
def test_each_kind_lives_as_long_as_the_contract_says(
    kind: TokenType, seconds: int
) -> None:
    assert LIFETIMES[kind].total_seconds() == seconds


def test_a_token_that_somebody_else_minted_with_our_secret_is_ours() -> None:
    said = TOKENS.verify(mint())

    assert said.identity_id == 7
    assert said.token_type is TokenType.ACCESS


@pytest.mark.parametrize("missing", ["sub", "exp", "token_type"])
def test_a_token_without_a_required_claim_is_refused(missing: str) -> None:
    with pytest.raises(InvalidToken):
        TOKENS.verify(mint(**{missing: None}))


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "ann"},
        {"sub": "-1"},
        {"sub": "1_0"},
        {"sub": str(2**63)},
        {"sub": "\u0667"},
        {"token_type": "root"},
        {"metadata": [1]},
        {"exp": 1_700_000_000},
    ],
    ids=str,
)
def test_a_token_that_says_something_impossible_is_refused(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(InvalidToken):
        TOKENS.verify(mint(**changes))


def test_clocks_may_differ_by_a_minute() -> None:
    late = mint(exp=datetime.now(UTC) - timedelta(seconds=50))
    early = mint(iat=datetime.now(UTC) + timedelta(seconds=50))

    assert TOKENS.verify(late).login == "ann"
    assert TOKENS.verify(early).login == "ann"


def test_an_unsigned_token_is_refused() -> None:
    header = {"alg": "none", "typ": "JWT"}
    now = int(datetime.now(UTC).timestamp())
    body = claims(iat=now, exp=now + 60)
    parts = [
        base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode()
        for p in (header, body)
    ]

    with pytest.raises(InvalidToken):
        TOKENS.verify(".".join([*parts, ""]))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_the_token_does_not_choose_the_algorithm(algorithm: str) -> None:
    long_secret = SECRET * 2
    token = jwt.encode(claims(), long_secret, algorithm=algorithm)

    with pytest.raises(InvalidToken):
        Tokens(long_secret).verify(token)


def test_a_token_of_another_installation_is_refused() -> None:
    with pytest.raises(InvalidToken):
        Tokens("another secret of more than thirty-two bytes").verify(mint())


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "\ud800", "é" * 40])
def test_noise_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        TOKENS.verify(token)


def test_a_remembered_token_still_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(SECRET)
    token = mint()
    tokens.verify(token)
    later = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr(module, "utc_now", lambda: later)

    with pytest.raises(InvalidToken, match="expired"):
        tokens.verify(token)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Tokens("short")
