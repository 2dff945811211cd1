"""The checks of a webhook as people configure them."""

import json
from typing import Any

import asyncpg
import pytest

from tests.integration.api.defining import Workshop, make_private_pack, make_workshop
from tests.integration.api.people import Api, grant

HMAC = {"scheme": "github", "secret": "canary-one", "secrets": ["canary-two"]}


@pytest.fixture
async def shop(api: Api) -> Workshop:
    shop = await make_workshop(api)
    await shop.webhook()
    return shop


def path(shop: Workshop) -> str:
    return f"/triggers/{shop.pack.ref}.fired/webhooks/config"


async def stored(sql: asyncpg.Connection) -> Any:
    return json.loads(await sql.fetchval("SELECT webhook_config FROM attune.trigger"))


async def test_a_webhook_without_checks_shows_its_defaults(shop: Workshop) -> None:
    assert await shop.get(path(shop)) == {
        "trigger_ref": f"{shop.pack.ref}.fired",
        "webhook_enabled": True,
        "hmac": None,
        "ip_whitelist": None,
        "rate_limit": None,
        "payload_size_limit_kb": 1000,
        "problems": [],
    }


async def test_checks_are_set_shown_and_taken_away(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    changes = {
        "hmac": HMAC,
        "ip_whitelist": {"ips": ["10.0.0.0/8"]},
        "rate_limit": {"requests": 5, "window_seconds": 60},
        "payload_size_limit_kb": 64,
    }

    shown = await shop.put(path(shop), changes)
    read = await shop.get(path(shop))
    partly = await shop.put(
        path(shop),
        {
            "hmac": {"tolerance_seconds": 60, "secrets": [], "algorithm": None},
            "ip_whitelist": {"enabled": False},
            "rate_limit": {"op": "clear"},
            "payload_size_limit_kb": None,
        },
    )

    assert read == shown
    assert shown["hmac"] == {
        "enabled": True,
        "scheme": "github",
        "algorithm": "sha256",
        "tolerance_seconds": 300,
        "secret_set": True,
        "secret_count": 2,
    }
    assert shown["payload_size_limit_kb"] == partly["payload_size_limit_kb"] == 64
    assert partly["hmac"] == shown["hmac"] | {
        "tolerance_seconds": 60,
        "secret_count": 1,
    }
    assert partly["ip_whitelist"] == {"enabled": False, "ips": ["10.0.0.0/8"]}
    assert partly["rate_limit"] is None
    row = await stored(sql)
    assert row["hmac"]["secret"].keys() == {"$encrypted", "key_hash"}
    assert "rate_limit" not in row


async def test_a_secret_is_replaced_while_deliveries_go_on(shop: Workshop) -> None:
    ref = f"{shop.pack.ref}.fired"
    address = (await shop.get(f"/triggers/{ref}"))["webhook_key"]

    async def passes(secret: str) -> bool:
        answer = await shop.api.client.post(
            f"/api/v1/webhooks/{address}", json={}, headers={"X-Gitlab-Token": secret}
        )
        return answer.status_code == 200

    await shop.put(path(shop), {"hmac": {"scheme": "gitlab", "secret": "old"}})
    both = await shop.put(
        path(shop), {"hmac": {"secret": "new", "keep_previous": True}}
    )
    passed = [await passes("old"), await passes("new")]
    one = await shop.put(path(shop), {"hmac": {"secrets": []}})

    assert passed == [True, True]
    assert (both["hmac"]["secret_count"], one["hmac"]["secret_count"]) == (2, 1)
    assert [await passes("old"), await passes("new")] == [False, True]


async def test_a_secret_is_encrypted_for_its_trigger_and_shown_nowhere(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    ref = f"{shop.pack.ref}.fired"
    answer = await shop.send("PUT", path(shop), {"hmac": HMAC})
    opened = await shop.get(f"/triggers/{ref}")
    address = f"/api/v1/webhooks/{opened['webhook_key']}"
    other = await shop.webhook("other")
    await sql.execute(
        "UPDATE attune.trigger SET webhook_config ="
        " (SELECT webhook_config FROM attune.trigger WHERE ref = $1) WHERE ref <> $1",
        ref,
    )

    refused = await shop.api.client.post(address, json={})
    moved = await shop.get(f"/triggers/{shop.pack.ref}.other/webhooks/config")
    closed = await shop.api.client.post(
        other, json={}, headers={"X-Hub-Signature-256": "sha256=00"}
    )
    event = await shop.post("/events", {"trigger_ref": ref})

    assert (refused.status_code, closed.status_code) == (401, 401)
    assert moved["hmac"]["secret_set"] is False
    assert moved["problems"]
    seen = [answer.text, json.dumps([opened, event, moved]), refused.text]
    rows = await sql.fetch("SELECT t::text FROM attune.trigger AS t")
    notes = await sql.fetch("SELECT n::text FROM attune.notification AS n")
    assert "canary" not in str([*seen, *rows, *notes])


async def test_what_plain_sql_wrote_is_understood_and_its_mistakes_are_shown(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    config = {
        "hmac": {"enabled": True, "secret": "canary", "algorithm": "SHA512"},
        "rate_limit": {"enabled": True, "requests": 0, "window_seconds": 60},
        "ip_whitelist": "10.0.0.0/8",
        "unknown": 1,
    }
    await sql.execute(
        "UPDATE attune.trigger SET webhook_config = $1::jsonb", json.dumps(config)
    )

    shown = await shop.get(path(shop))
    kept = await shop.send("PUT", path(shop), {"payload_size_limit_kb": 5})
    mended = await sql.execute(
        "UPDATE attune.trigger SET webhook_config = webhook_config - 'unknown'"
    )
    partly = await shop.send("PUT", path(shop), {"rate_limit": {"requests": 3}})
    whole = await shop.put(
        path(shop),
        {"rate_limit": {"requests": 3}, "ip_whitelist": {"ips": ["10.0.0.0/8"]}},
    )

    assert mended
    assert (shown["hmac"]["algorithm"], shown["hmac"]["secret_set"]) == ("sha512", True)
    assert shown["rate_limit"] is None
    assert len(shown["problems"]) == 3
    assert (kept.status_code, partly.status_code) == (422, 422)
    assert whole["problems"] == []
    assert (await stored(sql))["hmac"]["secret"].keys() == {"$encrypted", "key_hash"}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"hmac": {"enabled": True}}, "hmac.secret"),
        ({"hmac": {"secret": ""}}, "hmac.secret"),
        ({"hmac": {"secret": "s", "secrets": ["", "s"]}}, "hmac.secrets[0]"),
        ({"hmac": {"secret": {"$encrypted": "x"}}}, "hmac.secret"),
        ({"hmac": {"secret": "s", "algorithm": "md5"}}, "hmac.algorithm"),
        ({"hmac": {"secret": "s", "scheme": "slack"}}, "hmac.scheme"),
        ({"hmac": {"secret": "canary !", "scheme": "standard"}}, "hmac.secret"),
        ({"hmac": {"secret": "s", "tolerance_seconds": 0}}, "hmac.tolerance_seconds"),
        ({"hmac": {"secret": "s", "enabled": "no"}}, "hmac.enabled"),
        ({"hmac": {"secret": "s", "algorythm": "sha1"}}, "hmac.algorythm"),
        ({"hmac": {"secret": "s", "keep_previous": "yes"}}, "hmac.keep_previous"),
        ({"ip_whitelist": {"ips": ["10.0.0.0/8", "10.0.0"]}}, "ip_whitelist.ips[1]"),
        ({"ip_whitelist": {"ips": []}}, "ip_whitelist.ips"),
        ({"rate_limit": {"requests": 1}}, "rate_limit.window_seconds"),
        ({"payload_size_limit_kb": 0}, "payload_size_limit_kb"),
    ],
    ids=str,
)
async def test_a_mistake_is_told_with_its_place(
    shop: Workshop, changes: dict[str, Any], place: str, sql: asyncpg.Connection
) -> None:
    answer = await shop.send("PUT", path(shop), changes)

    assert answer.status_code == 422
    assert answer.json()["details"]["problems"][0].startswith(f"{place}: ")
    assert "canary" not in answer.text
    assert await stored(sql) == {}


async def test_an_unknown_check_is_refused_not_ignored(shop: Workshop) -> None:
    answer = await shop.send("PUT", path(shop), {"hamc": HMAC})

    assert answer.status_code == 422
    assert "hamc" in answer.text


async def test_only_who_may_change_a_trigger_sees_its_checks(shop: Workshop) -> None:
    reader = await shop.api.person([grant("triggers", "read")])
    private = await make_private_pack(shop.api, shop.who)
    hidden = {"ref": f"{private.ref}.t", "pack_ref": private.ref, "label": "T"}
    await shop.post("/triggers", hidden)
    editor = await shop.api.person([grant("triggers", "read", "update")])

    shown = await shop.send("GET", path(shop), who=reader)
    changed = await shop.send("PUT", path(shop), {}, who=reader)
    invisible = await shop.send(
        "GET", f"/triggers/{hidden['ref']}/webhooks/config", who=editor
    )

    assert (shown.status_code, changed.status_code) == (403, 403)
    assert invisible.status_code == 404
