"""What a request to a webhook must pass, and what is kept of it."""

import hashlib
import hmac
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.errors import MalformedInput, PermissionDenied, Unauthenticated
from attune.domain.json import Json
from attune.domain.webhook import Delivery, delivery_id, storable_headers, unwrap
from attune.domain.webhook_address import client_address
from attune.domain.webhook_checks import RateLimit, WebhookChecks
from attune.domain.webhook_signature import Proof, Scheme
from tests.support.json_values import objects, values

BODY = b'{"payload": {"a": 1}}'


NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def checks(**config: Json) -> WebhookChecks:
    return WebhookChecks.parse(config)


def signature(secret: str, algorithm: str = "sha256", body: bytes = BODY) -> str:
    return f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"


@pytest.mark.parametrize("config", [None, {}, {"hmac": None}, {"unknown": 1}])
def test_no_configuration_checks_the_size_only(config: Any) -> None:
    open_checks = WebhookChecks.parse(config)

    open_checks.check_size(1_000_000)
    open_checks.check_address(None)
    assert open_checks.check_signature(BODY, {}, NOW) is None
    assert open_checks.rate_limit is None
    with pytest.raises(MalformedInput):
        open_checks.check_size(1_024_001)


def test_the_size_limit_is_in_kilobytes() -> None:
    limited = checks(payload_size_limit_kb=1)

    limited.check_size(1024)
    with pytest.raises(MalformedInput):
        limited.check_size(1025)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("header", ["x-webhook-signature", "x-hub-signature-256"])
def test_a_right_signature_is_verified(algorithm: str, header: str) -> None:
    signed = checks(hmac={"enabled": True, "secret": "s", "algorithm": algorithm})
    value = signature("s", algorithm)

    proof = Proof(Scheme.ATTUNE)

    assert signed.check_signature(BODY, {header: value}, NOW) == proof
    assert signed.check_signature(BODY, {header: value.upper()}, NOW) == proof


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-webhook-signature": ""},
        {"x-webhook-signature": "sha256="},
        {"x-webhook-signature": signature("other")},
        {"x-webhook-signature": signature("s")[7:]},
        {"x-webhook-signature": signature("s", body=BODY + b" ")},
        {"x-webhook-signature": signature("s", "sha1")},
        {"x-webhook-signature": signature("s", "sha512")},
        {"x-webhook-signature": signature("s") + "0"},
        {"x-webhook-signature": "sha256=\xff\ud800"},
        {"x-webhook-signature": "wrong", "x-hub-signature-256": signature("s")},
    ],
)
def test_a_wrong_signature_is_refused(headers: dict[str, str]) -> None:
    signed = checks(hmac={"enabled": True, "secret": "s", "algorithm": "sha256"})

    with pytest.raises(Unauthenticated):
        signed.check_signature(BODY, headers, NOW)


@pytest.mark.parametrize(
    "section",
    [
        {"enabled": True},
        {"enabled": True, "secret": ""},
        {"enabled": True, "secret": None},
        {"enabled": True, "secret": 5},
        {"enabled": True, "secret": "s", "algorithm": "md5"},
        {"enabled": True, "secret": "s", "algorithm": 5},
        {"secret": ""},
        {"enabled": "no"},
        "on",
        [],
    ],
)
def test_a_signature_check_that_cannot_be_made_is_closed(section: Json) -> None:
    broken = checks(hmac=section)

    for value in (signature(""), signature("s"), "md5=" + "0" * 32):
        with pytest.raises(Unauthenticated):
            broken.check_signature(BODY, {"x-webhook-signature": value}, NOW)


def test_a_secret_without_enabled_is_meant() -> None:
    meant, off = checks(hmac={"secret": "s"}), checks(hmac={"enabled": False})

    with pytest.raises(Unauthenticated):
        meant.check_signature(BODY, {}, NOW)
    assert off.check_signature(BODY, {}, NOW) is None


@given(st.binary(max_size=50), st.text(min_size=1, max_size=10))
def test_a_signature_is_over_the_raw_body(body: bytes, secret: str) -> None:
    try:
        secret.encode()
    except UnicodeEncodeError:
        return
    signed = checks(hmac={"secret": secret})
    value = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

    assert signed.check_signature(body, {"x-webhook-signature": value}, NOW)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.1.2.3", True),
        ("192.0.2.7", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::5", True),
        ("192.0.2.70", False),
        ("110.1.2.3", False),
        ("2001:db9::5", False),
        ("10.1.2.3.evil.example", False),
        ("", False),
        (None, False),
    ],
)
def test_only_listed_addresses_may_send(address: str | None, allowed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    ips: Json = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "nonsense", 5]
    listed = checks(ip_whitelist={"enabled": True, "ips": ips})

    if allowed:
        listed.check_address(address)
    else:
        with pytest.raises(PermissionDenied):
            listed.check_address(address)


@pytest.mark.parametrize(
    "section", [{"enabled": True}, {"ips": []}, {"ips": "x"}, "on"]
)
def test_a_list_that_cannot_be_read_lets_nobody_in(section: Json) -> None:
    with pytest.raises(PermissionDenied):
        checks(ip_whitelist=section).check_address("10.0.0.1")


@pytest.mark.parametrize(
    ("section", "limit"),
    [
        ({"enabled": True, "requests": 5, "window_seconds": 60}, RateLimit(5, 60)),
        ({"enabled": False, "requests": 5}, None),
        ({"requests": 0, "window_seconds": "x"}, RateLimit(1, 3_600)),
    ],
)
def test_rate_limits(section: Json, limit: RateLimit | None) -> None:
    assert checks(rate_limit=section).rate_limit == limit


@given(objects, st.one_of(values, objects))
def test_any_configuration_is_read(config: Any, section: Any) -> None:
    names = ("hmac", "ip_whitelist", "rate_limit", "payload_size_limit_kb")
    WebhookChecks.parse({**config, **dict.fromkeys(names, section)})


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        ("203.0.113.5", {"x-forwarded-for": "10.0.0.1"}, "203.0.113.5"),
        ("127.0.0.1", {}, "127.0.0.1"),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.5"}, "203.0.113.5"),
        ("127.0.0.1", {"x-forwarded-for": "10.0.0.1, 203.0.113.5"}, "203.0.113.5"),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.5, 127.0.0.2"}, "203.0.113.5"),
        ("127.0.0.1", {"x-real-ip": "203.0.113.5"}, "203.0.113.5"),
        ("127.0.0.1", {"x-forwarded-for": "nonsense"}, None),
        ("127.0.0.1", {"x-real-ip": "nonsense"}, "127.0.0.1"),
        (None, {"x-forwarded-for": "10.0.0.1"}, None),
        ("testclient", {}, None),
    ],
)
def test_proxies_are_believed_only_where_they_are_trusted(
    peer: str | None, headers: dict[str, str], address: str | None
) -> None:
    found = client_address(peer, headers, [ip_network("127.0.0.0/8")])

    assert (str(found) if found else None) == address


def test_headers_that_may_hold_secrets_are_never_kept() -> None:
    headers = dict.fromkeys(
        [
            "Authorization", "Cookie", "Set-Cookie", "Proxy-Authorization", "X-Api-Key",
            "X-Auth-Token", "X-Webhook-Signature", "X-Hub-Signature-256", "X-Secret",
            "X-Gitlab-Token", "Ocp-Apim-Subscription-Key", "X-Session-Id", "apikey",
        ],
        "hunter2",
    )  # fmt: skip

    kept = storable_headers({**headers, "User-Agent": "x\0", "X-GitHub-Event": "push"})

    assert kept == {"user-agent": "x\ufffd", "x-github-event": "push"}


def test_headers_are_bounded() -> None:
    kept = storable_headers({f"x-{n}": "v" * 10_000 for n in range(10_000)})

    assert len(kept) == 100
    assert all(len(value) == 2_000 for value in kept.values())


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"x-github-delivery": " 72d3 "}, "72d3"),
        ({"webhook-id": "a", "idempotency-key": "b"}, "b"),
        ({"webhook-id": " "}, None),
        ({}, None),
    ],
)
def test_a_delivery_is_called_what_its_sender_calls_it(
    headers: dict[str, str], key: str | None
) -> None:
    found = delivery_id(headers, None, {})

    assert (found and found.key) == key


def test_no_header_renames_what_is_signed_with_its_name() -> None:
    proof = Proof(Scheme.STANDARD, delivery="msg_1")

    found = delivery_id({"idempotency-key": "other"}, proof, {})

    assert found
    assert (found.key, found.names_content) == ("msg_1", False)


def test_an_event_of_stripe_is_one_however_often_it_is_signed() -> None:
    event: Json = {"object": "event", "id": "evt_1", "pending_webhooks": 2}
    proofs = [Proof(Scheme.STRIPE, delivery=f"stripe:{n}") for n in range(2)]

    events = [delivery_id({}, proof, event) for proof in proofs]
    others = [delivery_id({}, proof, {"id": "evt_1"}) for proof in proofs]

    assert events[0] == events[1]
    assert events[0]
    assert events[0].names_content
    assert others[0] != others[1]


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        ({"payload": {"a": 1}}, {"a": 1}),
        ({"payload": None}, None),
        ({"payload": [1], "headers": {}, "source_ip": "x", "user_agent": "y"}, [1]),
        ({"a": 1}, {"a": 1}),
        ({"id": 5, "payload": {"a": 1}}, {"id": 5, "payload": {"a": 1}}),
        ([1, 2], [1, 2]),
        ("text", "text"),
        (None, None),
    ],
)
def test_a_payload_is_taken_out_of_its_wrapper(body: Json, payload: Json) -> None:
    assert unwrap(body).payload == payload


def test_what_a_relay_tells_is_kept_without_secrets() -> None:
    body: Json = {
        "payload": 1,
        "headers": {"Cookie": "hunter2", "X-A": "1", "X-B": 5},
        "source_ip": "192.0.2.1",
        "user_agent": 7,
    }

    assert unwrap(body) == Delivery(1, {"x-a": "1"}, "192.0.2.1", None)


@given(values)
def test_nothing_of_a_body_is_lost(body: Any) -> None:
    if not (isinstance(body, dict) and "payload" in body):
        assert unwrap(body).payload == body
    assert unwrap({"payload": body}).payload == body
