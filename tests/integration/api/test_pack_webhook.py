"""Webhooks in the files of packs: opened and guarded, and never unguarded by loading."""

import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI

from attune.api.app import create_app
from tests.integration.api.conftest import make_settings
from tests.integration.api.installing import get, upload
from tests.integration.api.people import Api, Person
from tests.support.packs import MANIFEST

TRIGGER = """
    label: Pushed
    payload_check: refuse
    output: {ref: {type: string}}
    webhook:
      enabled: true
      hmac: {scheme: github, tolerance_seconds: 60}
      ip_whitelist: {ips: [127.0.0.0/8]}
"""


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> FastAPI:
    settings = make_settings(database_url)
    return create_app(settings.model_copy(update={"packs_base_dir": tmp_path}))


@pytest.fixture
async def admin(api: Api) -> Person:
    return await api.administrator()


async def install(api: Api, who: Person, trigger: str, **form: str) -> Any:
    answer = await upload(
        api, who, {**MANIFEST, "triggers/pushed.yaml": trigger}, **form
    )
    assert answer.is_success, answer.text
    return answer.json()["data"]


async def shown(api: Api, who: Person) -> Any:
    answer = await get(api, who, "/triggers/demo.pushed/webhooks/config")
    return answer.json()["data"]


async def test_a_file_opens_and_guards_the_webhook_of_its_trigger(
    api: Api, admin: Person, sql: asyncpg.Connection
) -> None:
    await install(api, admin, TRIGGER)
    trigger = (await get(api, admin, "/triggers/demo.pushed")).json()["data"]
    address = f"/api/v1/webhooks/{trigger['webhook_key']}"

    without_secret = await api.client.post(address, json={})
    config = "/api/v1/triggers/demo.pushed/webhooks/config"
    for secret in ("one", "two"):
        answer = await api.client.put(
            config, json={"hmac": {"secret": secret}}, headers=admin.headers
        )
        assert answer.status_code == 200, answer.text
    await api.client.put(
        "/api/v1/triggers/demo.pushed",
        json={"payload_check": "off"},
        headers=admin.headers,
    )
    await install(
        api,
        admin,
        TRIGGER.replace("60", "90").replace("payload_check: refuse", ""),
        force="true",
    )
    after = await shown(api, admin)

    assert trigger["webhook_enabled"] is True
    assert trigger["payload_check"] == "refuse"
    assert without_secret.status_code == 401
    assert after["problems"] == []
    assert after["hmac"]["secret_set"] is True
    assert after["hmac"]["tolerance_seconds"] == 90
    assert after["ip_whitelist"]["ips"] == ["127.0.0.0/8"]
    again = (await get(api, admin, "/triggers/demo.pushed")).json()["data"]
    assert again["webhook_key"] == trigger["webhook_key"]
    assert again["payload_check"] == "off"
    row = json.loads(await sql.fetchval("SELECT webhook_config FROM attune.trigger"))
    assert "$encrypted" in row["hmac"]["secret"]


async def test_a_file_that_says_nothing_changes_nothing(
    api: Api, admin: Person
) -> None:
    await install(api, admin, TRIGGER)
    before = await shown(api, admin)

    await install(api, admin, "label: Pushed", force="true")

    assert await shown(api, admin) == before
    assert before["webhook_enabled"] is True


async def test_a_secret_in_a_file_is_taken_with_a_warning(
    api: Api, admin: Person, sql: asyncpg.Connection
) -> None:
    trigger = TRIGGER.replace("scheme: github", "scheme: github, secret: canary")

    installed = await install(api, admin, trigger)

    assert any("webhook.hmac.secret" in each for each in installed["warnings"])
    assert "canary" not in json.dumps(installed)
    assert "canary" not in await sql.fetchval(
        "SELECT webhook_config::text FROM attune.trigger"
    )
    assert (await shown(api, admin))["hmac"]["secret_set"] is True


@pytest.mark.parametrize(
    ("webhook", "place"),
    [
        ("{hmca: {}}", "webhook.hmca"),
        ("{hmac: {scheme: slack}}", "webhook.hmac.scheme"),
        ("{hmac: {scheme: standard, secret: canary!}}", "webhook.hmac.secret"),
        ("{ip_whitelist: {ips: [here]}}", "webhook.ip_whitelist.ips[0]"),
        ("{enabled: maybe}", "webhook.enabled"),
    ],
)
async def test_a_mistake_in_a_file_is_told_with_its_place(
    api: Api, admin: Person, webhook: str, place: str
) -> None:
    files = {**MANIFEST, "triggers/pushed.yaml": f"webhook: {webhook}"}

    answer = await upload(api, admin, files)

    assert answer.status_code == 422
    problem = answer.json()["details"]["problems"][0]
    assert problem.startswith(f"triggers/pushed.yaml: {place}: ")
    assert "canary" not in answer.text
