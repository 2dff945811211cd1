"""Settings of packs over HTTP: checked, sealed, laid over, and referring to keys."""

import json
from collections.abc import Mapping
from typing import Any

import asyncpg
import pytest

from tests.integration.api.defining import Workshop, make_workshop
from tests.integration.api.people import Api as Application
from tests.integration.api.people import Person, grant

SECRET = "canary-3b8d5e2a9c"
SCHEMA = {
    "host": {"type": "string", "default": "localhost"},
    "port": {"type": "integer", "minimum": 1, "default": 80},
    "token": {"type": "string", "secret": True},
}


@pytest.fixture
async def shop(api: Application) -> Workshop:
    """A workshop whose pack can be configured."""
    shop = await make_workshop(api)
    await shop.put(f"/packs/{shop.pack.ref}", {"conf_schema": SCHEMA})
    return shop


async def set_own(
    shop: Workshop, config: Mapping[str, Any], who: Person | None = None
) -> Any:
    answer = await shop.send(
        "PUT", f"/packs/{shop.pack.ref}/config", {"config": dict(config)}, who=who
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_own_settings_lie_over_those_of_the_pack(
    shop: Workshop, api: Application, sql: asyncpg.Connection
) -> None:
    path = f"/packs/{shop.pack.ref}/config"
    await shop.put(f"/packs/{shop.pack.ref}", {"config": {"host": "a", "token": "x"}})
    other = await api.administrator()

    made = await set_own(shop, {"host": "mine", "token": SECRET, "port": 8080})
    changed = await set_own(shop, {"port": None, "token": "***"})

    assert made["own_config"] == {"host": "mine", "token": "***", "port": 8080}
    assert changed["config"] == {"host": "mine", "port": 80, "token": "***"}
    assert changed["pack_config"] == {"host": "a", "token": "***"}
    assert changed["own_config"] == {"host": "mine", "token": "***"}
    assert await shop.get(path) == changed
    theirs = (await shop.send("GET", path, who=other)).json()["data"]
    assert theirs["config"] == {"host": "a", "port": 80, "token": "***"}
    assert theirs["own_config"] == {}
    stored = await sql.fetchval("SELECT config FROM attune.pack_config")
    assert SECRET not in stored
    assert "$encrypted" in json.loads(stored)["token"]
    trail = (await shop.get("/audit-events", resource_type="pack_config"))["items"]
    assert [each["actor_login"] for each in trail] == [shop.who.login] * 2
    assert (await shop.send("DELETE", path)).status_code == 200
    assert (await shop.get(path))["own_config"] == {}


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"port": "eighty"}, "config.port"),
        ({"port": 0}, "config.port"),
        ({"host": 5, "port": -1}, "config.host"),
        ({"token": {"a": "b"}}, "config.token"),
        ({"host": "{{ upper(keystore.a) }}"}, "config.host"),
        ({"host": "{{ keystore.a }} {{ event.x }}"}, "config.host"),
        ({"host": "{{ keystore.system.none }}"}, "config.host"),
        ({"host": "{{ keystore.pack.other.none }}"}, "config.host"),
    ],
    ids=str,
)
async def test_settings_that_do_not_fit_are_refused_with_their_places(
    shop: Workshop, config: dict[str, Any], place: str
) -> None:
    path = f"/packs/{shop.pack.ref}"

    of_pack = await shop.send("PUT", path, {"config": config})
    own = await shop.send("PUT", f"{path}/config", {"config": config})

    for answer in (of_pack, own):
        assert answer.status_code == 422, answer.text
        problems = answer.json()["details"]["problems"]
        assert any(problem.startswith(place) for problem in problems), problems


async def test_a_setting_may_refer_to_keys(shop: Workshop, api: Application) -> None:
    ref = shop.pack.ref
    key = {"name": "token", "encrypted": True, "value": SECRET}
    await shop.post("/keys", key | {"owner_type": "system"})
    config = {
        "port": "{{ keystore.port }}",
        "token": "{{ keystore.system.token }}",
        "host": "{{ event.is_a_text_here }}",
    }

    made = await shop.put(f"/packs/{ref}", {"config": config})

    # Where a secret is, is none; a key of the pack itself may come later.
    assert made["config"] == config
    blind = await api.person([grant("packs", "read", "configure")])
    for path in (f"/packs/{ref}", f"/packs/{ref}/config"):
        answer = await shop.send("PUT", path, {"config": config}, who=blind)
        # To write it as it was changes nothing.
        expected = 422 if path.endswith("config") else 200
        assert answer.status_code == expected, answer.text
    other = {"config": {**config, "host": "else"}}
    refused = await shop.send("PUT", f"/packs/{ref}", other, who=blind)
    assert refused.status_code == 422
    assert "'system.token'" in refused.text


async def test_own_settings_are_for_those_who_may_configure(
    shop: Workshop, api: Application
) -> None:
    path = f"/packs/{shop.pack.ref}/config"
    reader = await api.person([grant("packs", "read")])
    nobody = await api.person()

    assert (await shop.send("GET", path, who=reader)).status_code == 200
    for method, body in (("PUT", {"config": {}}), ("DELETE", None)):
        assert (await shop.send(method, path, body, who=reader)).status_code == 403
        assert (await shop.send(method, path, body, who=nobody)).status_code == 403
    assert (await shop.send("GET", "/packs/nowhere/config")).status_code == 404
    assert (await shop.send("PUT", path, {"config": None})).status_code == 422
