"""What a webhook asks of whoever calls it, before anything is read."""

import asyncio
import json
from typing import Any

import asyncpg
import httpx
import pytest

from attune.api.app import create_app
from tests.integration.api.conftest import make_settings
from tests.integration.api.defining import Workshop, statuses
from tests.integration.api.webhook.calling import (
    SECRET,
    event_of,
    guard,
    post,
    sign,
    stored,
)
from tests.support.eventually import eventually


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "sha1"])
async def test_a_signature_over_the_raw_bytes_is_verified(
    shop: Workshop, path: str, sql: asyncpg.Connection, algorithm: str
) -> None:
    await guard(
        shop,
        sql,
        {"hmac": {"enabled": True, "secret": SECRET, "algorithm": algorithm}},
    )
    body = b'{ "n" :  1 }'

    right = await post(shop, path, body, X_Webhook_Signature=sign(body, algorithm))
    alias = await post(shop, path, body, X_Hub_Signature_256=sign(body, algorithm))
    spaced = await post(
        shop, path, b'{"n":1}', X_Webhook_Signature=sign(body, algorithm)
    )
    missing = await post(shop, path, body)
    stranger = await post(
        shop, path, body, X_Webhook_Signature=sign(body, algorithm, "guess")
    )
    cut = await post(shop, path, body, X_Webhook_Signature=sign(body, algorithm)[:-1])
    odd = await post(shop, path, body, X_Webhook_Signature="sha256")

    assert (right.status_code, alias.status_code) == (200, 200)
    assert [a.status_code for a in (spaced, missing, stranger, cut, odd)] == [401] * 5
    assert (await event_of(shop, right))["config"]["hmac_verified"] is True
    assert SECRET not in str(await event_of(shop, right))
    assert await stored(sql) == 2


@pytest.mark.parametrize(
    "section",
    [
        {"enabled": True},
        {"enabled": True, "secret": ""},
        {"enabled": True, "secret": None},
        {"enabled": True, "secret": SECRET, "algorithm": "md5"},
        {"secret": SECRET},
        "yes",
    ],
    ids=str,
)
async def test_a_signature_that_cannot_be_verified_closes_the_webhook(
    shop: Workshop, path: str, sql: asyncpg.Connection, section: Any
) -> None:
    await guard(shop, sql, {"hmac": section})

    answer = await post(shop, path, b"{}", X_Webhook_Signature=sign(b"{}", secret=""))

    assert answer.status_code == 401
    assert await stored(sql) == 0


@pytest.mark.parametrize(
    ("ips", "status"),
    [
        (["127.0.0.1"], 200),
        (["127.0.0.0/8"], 200),
        (["10.0.0.0/8", "127.0.0.1/32"], 200),
        (["10.0.0.0/8"], 403),
        (["127.0.0.10", "27.0.0.1"], 403),
        (["nonsense"], 403),
        ([], 403),
        (None, 403),
    ],
    ids=str,
)
async def test_only_addresses_on_the_list_may_send(
    shop: Workshop, path: str, sql: asyncpg.Connection, ips: Any, status: int
) -> None:
    await guard(shop, sql, {"ip_whitelist": {"enabled": True, "ips": ips}})

    answer = await post(shop, path, b"{}", X_Forwarded_For="127.0.0.1, 10.0.0.1")

    assert answer.status_code == status


async def test_only_a_trusted_proxy_is_believed_about_the_address(
    shop: Workshop, path: str, sql: asyncpg.Connection, database_url: str
) -> None:
    await guard(
        shop, sql, {"ip_whitelist": {"enabled": True, "ips": ["203.0.113.0/24"]}}
    )
    settings = make_settings(database_url)
    server = settings.server.model_copy(update={"trusted_proxies": ["127.0.0.0/8"]})
    app = create_app(settings.model_copy(update={"server": server}))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    sent = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "198.51.100.1")]

    untrusted = await post(shop, path, b"{}", X_Forwarded_For="203.0.113.9")
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://attune") as client,
    ):
        trusted = await client.post(
            path, json={}, headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
        )
        forged = await client.post(path, json={}, headers=sent)

    assert untrusted.status_code == 403
    assert trusted.status_code == 200
    assert forged.status_code == 403
    assert (await event_of(shop, trusted))["config"]["source_ip"] == "203.0.113.9"


async def test_more_requests_than_the_limit_are_refused_for_a_while(
    shop: Workshop, path: str, sql: asyncpg.Connection
) -> None:
    await guard(
        shop,
        sql,
        {"rate_limit": {"enabled": True, "requests": 5, "window_seconds": 60}},
    )

    answers = await asyncio.gather(
        *(shop.api.client.post(path, json={"n": n}) for n in range(20))
    )
    await sql.execute("UPDATE attune.event SET created = created - interval '61 s'")
    later = await shop.api.client.post(path, json={})

    assert statuses(answers) == {200: 5, 429: 15}
    refused = next(a for a in answers if a.status_code == 429)
    assert refused.json()["code"] == "TOO_MANY_REQUESTS"
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert later.status_code == 200
    assert await stored(sql) == 6


async def test_a_payload_larger_than_the_limit_is_refused(
    shop: Workshop, path: str, sql: asyncpg.Connection
) -> None:
    await guard(shop, sql, {"payload_size_limit_kb": 1})

    fits = await post(shop, path, b'"' + b"x" * 1022 + b'"')
    exceeds = await post(shop, path, b'"' + b"x" * 1023 + b'"')

    assert (fits.status_code, exceeds.status_code) == (200, 400)


async def test_the_checks_are_made_in_their_order(
    shop: Workshop, path: str, sql: asyncpg.Connection
) -> None:
    config = {
        "hmac": {"enabled": True, "secret": SECRET},
        "ip_whitelist": {"enabled": True, "ips": ["10.0.0.0/8"]},
        "rate_limit": {"enabled": True, "requests": 1, "window_seconds": 60},
        "payload_size_limit_kb": 1,
    }
    large = b'"' + b"x" * 2000 + b'"'
    await guard(shop, sql, config | {"ip_whitelist": None})
    first = await post(shop, path, b"{}", X_Webhook_Signature=sign(b"{}"))
    await guard(shop, sql, config)

    size = await post(shop, path, large)
    address = await post(shop, path, b"{}")
    await guard(shop, sql, config | {"ip_whitelist": {"enabled": False}})
    rate = await post(shop, path, b"{}")
    await guard(shop, sql, {"hmac": config["hmac"]})
    signature = await post(shop, path, b"{}")

    assert first.status_code == 200
    assert [a.status_code for a in (size, address, rate, signature)] == [
        400,
        403,
        429,
        401,
    ]


async def test_a_check_set_by_plain_sql_works_soon(
    shop: Workshop, path: str, sql: asyncpg.Connection
) -> None:
    assert (await shop.api.client.post(path, json={})).status_code == 200

    await sql.execute(
        "UPDATE attune.trigger SET webhook_config = $1::jsonb",
        json.dumps({"hmac": {"enabled": True, "secret": SECRET}}),
    )

    async def closed() -> bool:
        return (await shop.api.client.post(path, json={})).status_code == 401

    await eventually(closed, seconds=2)
