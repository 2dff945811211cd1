"""Deliveries as real senders send them: accepted, tampered with, and sent again."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import asyncpg
import httpx
import pytest

from tests.integration.api.defining import Workshop, make_workshop, statuses
from tests.integration.api.people import Api

GITHUB = "It's a Secret to Everybody"
PUSH = json.dumps({"ref": "refs/heads/main", "commits": []}).encode()


@pytest.fixture
async def shop(api: Api) -> Workshop:
    return await make_workshop(api)


async def guarded(shop: Workshop, **hmac_section: Any) -> str:
    """Return the path of an open webhook with this check of signatures."""
    path = await shop.webhook()
    ref = f"{shop.pack.ref}.fired"
    await shop.put(f"/triggers/{ref}/webhooks/config", {"hmac": hmac_section})
    return path


async def deliver(
    shop: Workshop, path: str, body: bytes, headers: Mapping[str, str]
) -> httpx.Response:
    kind = {"Content-Type": "application/json"}
    return await shop.api.client.post(path, content=body, headers=kind | dict(headers))


def mac(secret: bytes, said: bytes) -> hmac.HMAC:
    return hmac.new(secret, said, hashlib.sha256)


def by_github(body: bytes, delivery: str = "72d3162e") -> dict[str, str]:
    return {
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": "sha256=" + mac(GITHUB.encode(), body).hexdigest(),
    }


def stamp(seconds_ago: int = 0) -> str:
    return str(int(datetime.now(UTC).timestamp()) - seconds_ago)


def by_stripe(secret: str, body: bytes, seconds_ago: int = 0) -> dict[str, str]:
    time = stamp(seconds_ago)
    signature = mac(secret.encode(), time.encode() + b"." + body).hexdigest()
    return {"Stripe-Signature": f"t={time},v1={signature},v0=ignored"}


def by_standard(key: bytes, body: bytes, delivery: str = "msg_1") -> dict[str, str]:
    time = stamp()
    digest = mac(key, f"{delivery}.{time}.".encode() + body).digest()
    signature = base64.b64encode(digest).decode()
    return {
        "Webhook-Id": delivery,
        "Webhook-Timestamp": time,
        "Webhook-Signature": f"v1,{signature}",
    }


async def count(sql: asyncpg.Connection) -> int:
    found: int = await sql.fetchval("SELECT count(*) FROM attune.event")
    return found


async def test_what_github_published_is_accepted(shop: Workshop) -> None:
    path = await guarded(shop, secret=GITHUB)
    headers = {
        "Content-Type": "text/plain",
        "X-Hub-Signature-256": "sha256="
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    }

    answer = await deliver(shop, path, b"Hello, World!", headers)

    assert answer.status_code == 200, answer.text
    event = await shop.get(f"/events/{answer.json()['event_id']}")
    assert event["payload"] == "Hello, World!"


async def test_a_delivery_of_github_is_accepted_once_and_never_tampered_with(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    path = await guarded(shop, scheme="github", secret=GITHUB)
    await shop.action()
    await shop.rule()
    signed = by_github(PUSH)

    answers = await asyncio.gather(
        *(deliver(shop, path, PUSH, signed) for _ in range(5))
    )
    tampered = await deliver(shop, path, PUSH.replace(b"main", b"evil"), signed)
    other = await deliver(shop, path, b"{}", by_github(b"{}"))

    assert statuses(answers) == {200: 5}
    assert len({each.json()["event_id"] for each in answers}) == 1
    assert (tampered.status_code, other.status_code) == (401, 409)
    assert await count(sql) == 1
    assert await sql.fetchval("SELECT count(*) FROM attune.execution") == 1
    event = await shop.get(f"/events/{answers[0].json()['event_id']}")
    assert event["config"]["hmac_verified"] is True
    assert event["config"]["verified_by"] == "github"
    assert event["config"]["headers"]["x-github-event"] == "push"
    assert "x-hub-signature-256" not in event["config"]["headers"]


async def test_github_may_send_its_json_in_a_form(shop: Workshop) -> None:
    path = await guarded(shop, scheme="github", secret=GITHUB)
    body = urlencode({"payload": PUSH.decode()}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = await deliver(shop, path, body, by_github(body) | kind)

    event = await shop.get(f"/events/{answer.json()['event_id']}")
    assert event["payload"] == json.loads(PUSH)


async def test_gitlab_sends_a_token_and_the_key_of_its_delivery(shop: Workshop) -> None:
    path = await guarded(shop, scheme="gitlab", secret="the token")
    headers = {
        "X-Gitlab-Event": "Push Hook",
        "X-Gitlab-Token": "the token",
        "Idempotency-Key": "f5e5f430",
    }

    first, again = [await deliver(shop, path, b"{}", headers) for _ in range(2)]
    wrong = await deliver(shop, path, b"{}", headers | {"X-Gitlab-Token": "other"})

    assert (first.status_code, wrong.status_code) == (200, 401)
    assert first.json()["event_id"] == again.json()["event_id"]
    event = await shop.get(f"/events/{first.json()['event_id']}")
    assert event["config"]["hmac_verified"] is False
    assert event["config"]["verified_by"] == "gitlab"
    assert "the token" not in json.dumps(event)


async def test_a_delivery_of_stripe_is_one_under_any_name_and_only_for_a_while(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    path = await guarded(
        shop, scheme="stripe", secret="whsec_new", secrets=["whsec_old"]
    )
    body = b'{"amount": 5}'
    signed = by_stripe("whsec_old", body)

    first = await deliver(shop, path, body, signed)
    replayed = await deliver(shop, path, body, signed | {"Idempotency-Key": "new"})
    stale = await deliver(shop, path, body, by_stripe("whsec_new", body, 400))
    early = await deliver(shop, path, body, by_stripe("whsec_new", body, -400))

    assert replayed.json()["event_id"] == first.json()["event_id"]
    assert (first.status_code, stale.status_code, early.status_code) == (200, 401, 401)
    assert await count(sql) == 1


async def test_an_event_of_stripe_that_is_sent_anew_is_the_same(shop: Workshop) -> None:
    path = await guarded(shop, scheme="stripe", secret="whsec_s")

    async def attempt(pending: int, seconds_ago: int) -> httpx.Response:
        event = {"object": "event", "id": "evt_1", "pending_webhooks": pending}
        body = json.dumps(event).encode()
        return await deliver(shop, path, body, by_stripe("whsec_s", body, seconds_ago))

    first, second = await attempt(2, 60), await attempt(1, 0)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["event_id"] == second.json()["event_id"]


async def test_standard_webhooks_name_their_delivery_in_the_signature(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    key = b"0123456789abcdef01234567"
    secret = "whsec_" + base64.b64encode(key).decode()
    path = await guarded(shop, scheme="standard", secret=secret)

    signed = by_standard(key, b"{}")
    first = await deliver(shop, path, b"{}", signed)
    replayed = await deliver(shop, path, b"{}", signed | {"Idempotency-Key": "new"})
    renamed = await deliver(shop, path, b"{}", signed | {"Webhook-Id": "msg_2"})
    other = await deliver(shop, path, b"[]", by_standard(key, b"[]"))

    assert replayed.json()["event_id"] == first.json()["event_id"]
    assert [a.status_code for a in (first, renamed, other)] == [200, 401, 409]
    assert await count(sql) == 1


async def test_fifty_deliveries_sent_ten_times_at_once_are_fifty_events(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    path = await guarded(shop, scheme="github", secret=GITHUB)
    few = asyncio.Semaphore(100)

    async def send(number: int) -> httpx.Response:
        body = json.dumps({"n": number}).encode()
        async with few:
            return await deliver(shop, path, body, by_github(body, f"d-{number}"))

    answers = await asyncio.gather(*(send(n) for n in range(50) for _ in range(10)))

    ids = {each.json()["event_id"] for each in answers}
    assert statuses(answers) == {200: 500}
    assert len(ids) == await count(sql) == 50


@pytest.mark.parametrize("place", ["query", "header"])
async def test_a_trace_tag_goes_from_the_delivery_to_the_execution(
    shop: Workshop, sql: asyncpg.Connection, place: str
) -> None:
    path = await shop.webhook()
    await shop.action()
    await shop.rule()
    headers = {"X-Trace-Tag": "order-1" if place == "header" else "loses"}
    query = {"trace_tag": "order-1"} if place == "query" else {}

    answer = await shop.api.client.post(path, json={}, headers=headers, params=query)
    too_long = await shop.api.client.post(
        path, json={}, params={"trace_tag": "x" * 256}
    )

    event = await shop.get(f"/events/{answer.json()['event_id']}")
    assert event["trace_tag"] == "order-1"
    tags = await sql.fetch(
        "SELECT n.trace_tag AS enforcement, x.trace_tag AS execution"
        " FROM attune.execution AS x JOIN attune.enforcement AS n ON n.id = x.enforcement"
    )
    assert [tuple(row) for row in tags] == [("order-1", "order-1")]
    assert too_long.status_code == 422
