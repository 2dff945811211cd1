"""The proofs of each sender, held against what the senders themselves published."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from attune.domain.errors import Unauthenticated
from attune.domain.json import Json
from attune.domain.webhook_checks import WebhookChecks
from attune.domain.webhook_signature import Proof, Scheme, SignatureCheck

# From GitHub's "Validating webhook deliveries".
GITHUB_SECRET = "It's a Secret to Everybody"
GITHUB_BODY = b"Hello, World!"
GITHUB_SIGNATURE = (
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
)
# From the tests of the Standard Webhooks libraries.
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STANDARD_BODY = b'{"test": 2432232314}'
STANDARD_HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
STANDARD_NOW = datetime.fromtimestamp(1614265330, UTC)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))


def check(**section: Json) -> SignatureCheck:
    found = WebhookChecks.parse({"hmac": {"enabled": True, **section}}).signature
    assert found
    return found


def mac(secret: str, said: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(secret.encode(), said, algorithm).hexdigest()


SHARED = "whsec_s"


def stripe(secret: str = SHARED, body: bytes = b"{}", stamp: str = STAMP) -> str:
    return f"t={stamp},v1={mac(secret, stamp.encode() + b'.' + body)}"


def refuses(
    signature: SignatureCheck,
    headers: Mapping[str, str],
    body: bytes = b"{}",
    now: datetime = NOW,
) -> bool:
    try:
        signature.verify(body, headers, now)
    except Unauthenticated:
        return True
    return False


@pytest.mark.parametrize("scheme", ["auto", "github", "GitHub"])
def test_github_signs_as_it_publishes(scheme: str) -> None:
    signature = check(scheme=scheme, secret=GITHUB_SECRET)
    headers = {"x-hub-signature-256": GITHUB_SIGNATURE}

    proof = signature.verify(GITHUB_BODY, headers, NOW)

    assert proof.is_signed
    assert refuses(signature, headers, GITHUB_BODY + b" ")


def test_github_signs_with_sha1_where_that_is_asked_for() -> None:
    signature = check(scheme="github", secret="s", algorithm="sha1")
    right = {"x-hub-signature": "sha1=" + mac("s", b"{}", "sha1")}

    assert signature.verify(b"{}", right, NOW) == Proof(Scheme.GITHUB)
    # The weaker one must not stand in for the stronger one.
    assert refuses(check(scheme="github", secret="s"), right)
    assert refuses(check(secret="s"), right)


def test_gitlab_sends_its_token() -> None:
    signature = check(scheme="gitlab", secret="glpät")

    proof = signature.verify(b"anything", {"x-gitlab-token": "glpät"}, NOW)

    assert proof == Proof(Scheme.GITLAB, is_signed=False)
    for wrong in ("", "glpat", "glpät "):
        assert refuses(signature, {"x-gitlab-token": wrong})
    assert refuses(check(secret="s"), {"x-gitlab-token": "s"})


@pytest.mark.parametrize("scheme", ["auto", "standard"])
@pytest.mark.parametrize("family", ["webhook", "svix"])
def test_standard_webhooks_sign_as_they_publish(scheme: str, family: str) -> None:
    signature = check(scheme=scheme, secret=STANDARD_SECRET)
    headers = {
        name.replace("webhook", family): v for name, v in STANDARD_HEADERS.items()
    }
    several = headers | {
        f"{family}-signature": "v1a,AAAA v1,BBBB " + headers[f"{family}-signature"]
    }

    proof = signature.verify(STANDARD_BODY, headers, STANDARD_NOW)

    assert proof == Proof(Scheme.STANDARD, delivery=headers[f"{family}-id"])
    assert signature.verify(STANDARD_BODY, several, STANDARD_NOW) == proof


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_other"},
        {"webhook-id": ""},
        {"webhook-timestamp": "1614265331"},
        {"webhook-timestamp": "1e9"},
        {"webhook-timestamp": ""},
        {"webhook-signature": "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {"webhook-signature": "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {"webhook-signature": ""},
    ],
    ids=str,
)
def test_standard_webhooks_sign_their_id_and_their_time(change: dict[str, str]) -> None:
    signature = check(scheme="standard", secret=STANDARD_SECRET)

    assert refuses(signature, STANDARD_HEADERS | change, STANDARD_BODY, STANDARD_NOW)


def test_a_secret_of_standard_webhooks_is_base64() -> None:
    plain = STANDARD_SECRET.removeprefix("whsec_")
    said = b"i." + STAMP.encode() + b".{}"
    digest = hmac.new(b"not base64!", said, hashlib.sha256).digest()
    headers = {
        "webhook-id": "i",
        "webhook-timestamp": STAMP,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }

    bare = check(scheme="standard", secret=plain)

    assert bare.verify(STANDARD_BODY, STANDARD_HEADERS, STANDARD_NOW).delivery
    assert refuses(check(scheme="standard", secret="not base64!"), headers)
    assert refuses(check(scheme="standard", secret="whsec_"), headers)
    # Without its prefix a secret in plain stays one, whatever the header is.
    assert refuses(check(secret=plain), STANDARD_HEADERS, STANDARD_BODY, STANDARD_NOW)


@pytest.mark.parametrize("scheme", ["auto", "stripe"])
def test_stripe_signs_the_time_with_the_body(scheme: str) -> None:
    signature = check(scheme=scheme, secret="whsec_s")
    several = f"{stripe('other')},v1={mac('whsec_s', f'{STAMP}.{{}}'.encode())},v0=x"

    proof = signature.verify(b"{}", {"stripe-signature": stripe()}, NOW)

    assert proof.scheme is Scheme.STRIPE
    assert proof.delivery
    assert signature.verify(b"{}", {"stripe-signature": several}, NOW) == proof


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        stripe("other"),
        stripe(body=b"[]"),
        stripe().replace("v1=", "v0="),
        stripe().partition(",")[2],
        stripe() + f",t={STAMP}",
        stripe().replace("t=", "t=+"),
        stripe(stamp="9" * 40),
    ],
)
def test_a_wrong_signature_of_stripe_is_refused(header: str) -> None:
    signature = check(scheme="stripe", secret="whsec_s")

    assert refuses(signature, {"stripe-signature": header})


@pytest.mark.parametrize(
    ("seconds", "tolerance", "refused"),
    [
        (299, None, False),
        (301, None, True),
        (-301, None, True),
        (301, 600, False),
        (301, 0, True),
        (301, "long", True),
        (301, True, True),
    ],
)
def test_what_was_signed_too_long_ago_is_refused(
    seconds: int,
    tolerance: Json,
    refused: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    tolerant = {} if tolerance is None else {"tolerance_seconds": tolerance}
    signature = check(scheme="stripe", secret="whsec_s", **tolerant)
    later = NOW + timedelta(seconds=seconds)

    assert refuses(signature, {"stripe-signature": stripe()}, now=later) is refused


SIGNED: Mapping[str, Mapping[str, str]] = {
    "attune": {"x-webhook-signature": "sha256=" + mac("s", b"{}")},
    "github": {"x-hub-signature-256": "sha256=" + mac("s", b"{}")},
    "gitlab": {"x-gitlab-token": "s"},
    "stripe": {"stripe-signature": stripe("s")},
}


@pytest.mark.parametrize("named", [*SIGNED, "standard"])
@pytest.mark.parametrize("used", SIGNED)
def test_a_scheme_that_is_named_is_the_only_one(named: str, used: str) -> None:
    both_know = {named, used} == {"attune", "github"} and used == "github"

    accepted = not refuses(check(scheme=named, secret="s"), SIGNED[used])

    assert accepted is (named == used or both_know)


@pytest.mark.parametrize("scheme", ["md5", "", 5, None, ["stripe"]])
def test_a_scheme_that_nobody_knows_lets_nothing_pass(scheme: Json) -> None:
    signature = check(scheme=scheme, secret="s")

    assert all(refuses(signature, headers) for headers in SIGNED.values())


def test_any_of_several_secrets_will_do() -> None:
    signature = check(scheme="github", secret="old", secrets=["new", 5, ""])

    for secret in ("old", "new"):
        headers = {"x-hub-signature-256": "sha256=" + mac(secret, b"{}")}
        assert not refuses(signature, headers)
    assert refuses(signature, {"x-hub-signature-256": "sha256=" + mac("", b"{}")})


def test_a_stamped_signature_does_not_pass_for_one_without_a_time() -> None:
    """Who saw a delivery of Stripe's could send it for ever under the other header."""
    seen = stripe("s", b'{"n": 1}')
    body = STAMP.encode() + b'.{"n": 1}'
    headers = {"x-webhook-signature": "sha256=" + seen.partition("v1=")[2]}

    assert refuses(check(secret="s"), headers, body)


@pytest.mark.parametrize("body", [b"1.5", b"17", b"[1.5]", b"", b"1. Hello"])
def test_hardly_any_other_body_looks_stamped(body: bytes) -> None:
    headers = {"x-webhook-signature": "sha256=" + mac("s", body)}

    assert refuses(check(secret="s"), headers, body) is (body == b"1. Hello")
    assert not refuses(check(scheme="attune", secret="s"), headers, body)
