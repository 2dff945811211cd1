"""The socket: who may open it, what it says, and to whom."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from websockets.exceptions import InvalidStatus

from attune.db.database import Database
from attune.domain.permission import TokenType
from tests.integration.api.conftest import SECRET
from tests.integration.api.defining import Workshop, make_workshop
from tests.integration.api.people import Api, grant
from tests.integration.api.socket_client import opened, serving


@dataclass(frozen=True)
class Served:
    """A serving application and where its socket is."""

    api: Api
    address: str


@pytest.fixture
async def served(app: FastAPI, database: Database) -> AsyncIterator[Served]:
    async with (
        serving(app) as address,
        httpx.AsyncClient(base_url=f"http://{address}") as client,
    ):
        api = Api(client=client, app=app, database=database, secret=SECRET)
        yield Served(api, address)


@pytest.fixture
async def workshop(served: Served) -> Workshop:
    workshop = await make_workshop(served.api)
    await workshop.post("/triggers", workshop.trigger_body())
    await workshop.post("/actions", workshop.action_body())
    return workshop


async def refusal(address: str, headers: dict[str, str], **options: Any) -> int:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(address, headers, **options):
            pass
    return int(refused.value.response.status_code)


async def test_sensor_hears_what_becomes_of_the_rules_of_its_triggers(
    served: Served, workshop: Workshop
) -> None:
    trigger = workshop.trigger_body()["ref"]
    await workshop.post("/triggers", workshop.trigger_body("other"))
    headers = served.api.headers(
        TokenType.SENSOR, None, login="sensor:x", trigger_types=[trigger]
    )
    async with opened(served.address, headers) as sensor:
        await sensor.subscribe(f"trigger_ref:{trigger}")
        rule = await workshop.post(
            "/rules", workshop.rule_body(trigger_params={"interval": 5})
        )
        path = f"/rules/{rule['ref']}"
        await workshop.post(f"{path}/disable")
        await workshop.put(path, {"enabled": True, "trigger_params": {"interval": 6}})
        await workshop.put(path, {"trigger_ref": workshop.trigger_body("other")["ref"]})
        told = await sensor.told(4)

    assert [each["payload"]["event_type"] for each in told] == [
        "rule.created",
        "rule.disabled",
        "rule.enabled",
        "rule.deleted",
    ]
    assert [each["payload"]["active"] for each in told] == [True, False, True, False]
    first = told[0]["payload"]
    assert (first["rule_id"], first["rule_ref"]) == (rule["id"], rule["ref"])
    assert first["trigger_ref"] == told[3]["payload"]["trigger_ref"] == trigger
    assert told[2]["payload"]["trigger_params"] == {"interval": 6}


async def test_socket_is_for_those_who_prove_who_they_are(served: Served) -> None:
    person = await served.api.person([grant("rules", "read")])
    token = person.headers["Authorization"].removeprefix("Bearer ")

    assert await refusal(served.address, {}) == 401
    assert await refusal(served.address, {"Authorization": "Bearer x.y.z"}) == 401
    assert await refusal(served.address, {}, path=f"/ws?token={token}") == 401
    assert await refusal(served.address, served.api.worker("w")) == 403
    protocols = ["attune.v1", f"attune.jwt.{token}"]
    async with opened(served.address, {}, protocols=protocols) as socket:
        assert socket.connection.subprotocol == "attune.v1"
        await socket.say(type="ping")
        assert await socket.hear() == {"type": "pong"}
