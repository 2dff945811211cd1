"""The socket: who may open it, what it says, and to whom."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from attune.api.app import create_app
from attune.config_groups import NotifierSettings
from attune.db.database import Database
from attune.domain.permission import TokenType
from tests.integration.api.conftest import make_settings
from tests.integration.api.defining import Workshop, make_private_pack, make_workshop
from tests.integration.api.people import Person, grant
from tests.integration.api.socket_client import (
    Served,
    opened,
    refusal,
    served_api,
)
from tests.support.builders import make_action, make_execution


@pytest.fixture
def app(database_url: str) -> FastAPI:
    notifier = NotifierSettings(
        max_connections=3,
        max_subscriptions=5,
        messages_per_second=2,
        check_seconds=0.1,
        allowed_origins=["https://console.example"],
    )
    settings = make_settings(database_url)
    return create_app(settings.model_copy(update={"notifier": notifier}))


@pytest.fixture
async def served(app: FastAPI, database: Database) -> AsyncIterator[Served]:
    async with served_api(app, database) as served:
        yield served


@pytest.fixture
async def workshop(served: Served) -> Workshop:
    workshop = await make_workshop(served.api)
    await workshop.trigger()
    await workshop.action()
    return workshop


def token_of(person: Person) -> str:
    return person.headers["Authorization"].removeprefix("Bearer ")


async def test_sensor_hears_what_becomes_of_the_rules_of_its_triggers(
    served: Served, workshop: Workshop
) -> None:
    trigger = workshop.trigger_body()["ref"]
    other = (await workshop.trigger("other"))["ref"]
    headers = served.api.headers(
        TokenType.SENSOR, None, login="sensor:x", trigger_types=[trigger]
    )
    async with opened(served.address, headers) as sensor:
        await sensor.subscribe(f"trigger_ref:{trigger}")
        rule = await workshop.rule(trigger_params={"interval": 5})
        path = f"/rules/{rule['ref']}"
        await workshop.post(f"{path}/disable")
        await workshop.put(path, {"enabled": True, "trigger_params": {"interval": 6}})
        await workshop.put(path, {"trigger_ref": other})
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


async def test_sensor_that_comes_late_hears_how_rules_stand(
    served: Served, workshop: Workshop
) -> None:
    trigger = workshop.trigger_body()["ref"]
    kept = await workshop.post(
        "/rules", workshop.rule_body(trigger_params={"interval": 5})
    )
    gone = await workshop.post("/rules", workshop.rule_body("gone"))
    await workshop.send("DELETE", f"/rules/{gone['ref']}")
    await workshop.post(f"/rules/{kept['ref']}/disable")
    headers = served.api.headers(
        TokenType.SENSOR, None, login="sensor:x", trigger_types=[trigger]
    )

    async with opened(served.address, headers) as sensor:
        await sensor.subscribe(f"trigger_ref:{trigger}")
        first, second = [each["payload"] for each in await sensor.told(2)]

    assert (first["event_type"], first["rule_id"]) == ("rule.deleted", gone["id"])
    assert (second["event_type"], second["rule_id"]) == ("rule.updated", kept["id"])
    assert second["trigger_params"] == {"interval": 5}
    assert second["active"] is False


async def test_secret_parameters_are_fetched_by_the_sensor_itself(
    served: Served, workshop: Workshop
) -> None:
    secret = {"password": {"type": "string", "secret": True}}
    body = workshop.trigger_body("guarded", param_schema=secret)
    trigger = (await workshop.post("/triggers", body))["ref"]
    given = {"password": "hunter22"}
    headers = served.api.headers(
        TokenType.SENSOR, None, login="sensor:x", trigger_types=[trigger]
    )
    async with opened(served.address, headers) as sensor:
        await sensor.subscribe(f"trigger_ref:{trigger}")
        rule = await workshop.post(
            "/rules", workshop.rule_body(trigger_ref=trigger, trigger_params=given)
        )
        [told] = await sensor.told(1)

    assert rule["trigger_params"] == {"password": "***"}
    assert told["payload"]["auth_mode"] == "deferred"
    assert "trigger_params" not in told["payload"]
    path = f"/api/v1/rules/{rule['ref']}"
    fetched = await served.api.client.get(path, headers=headers)
    assert fetched.json()["data"]["trigger_params"] == given
    people_see = await workshop.get(f"/rules/{rule['ref']}")
    assert people_see["trigger_params"] == {"password": "***"}
    kept = await workshop.put(
        f"/rules/{rule['ref']}", {"trigger_params": people_see["trigger_params"]}
    )
    assert kept["trigger_params"] == {"password": "***"}
    again = await served.api.client.get(path, headers=headers)
    assert again.json()["data"]["trigger_params"] == given


async def test_socket_is_for_those_who_prove_who_they_are(served: Served) -> None:
    person = await served.api.person([grant("rules", "read")])
    token = token_of(person)

    assert await refusal(served.address, {}) == 401
    assert await refusal(served.address, {"Authorization": "Bearer x.y.z"}) == 401
    assert await refusal(served.address, {}, path=f"/ws?token={token}") == 401
    in_both = f"/ws?access_token={token}"
    assert await refusal(served.address, person.headers, path=in_both) == 401
    assert await refusal(served.address, served.api.worker("w")) == 403
    assert await refusal(served.address, person.headers, path="/ws?after=7") == 422
    protocols = ["attune.v1", f"attune.jwt.{token}"]
    async with opened(served.address, {}, protocols=protocols) as socket:
        assert socket.connection.subprotocol == "attune.v1"
        await socket.say(type="ping")
        assert (await socket.hear())["type"] == "pong"


async def test_token_in_the_url_is_not_logged(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    canary = token_of(await served.api.person())

    await refusal(served.address, {}, path=f"/ws?token={canary}")
    answer = await refusal(served.address, {}, path=f"/ws?token={canary}&x=%00")

    assert answer == 422
    assert canary not in caplog.text


async def test_pages_of_other_sites_may_not_connect(served: Served) -> None:
    headers = (await served.api.person()).headers

    evil = {**headers, "Origin": "https://evil.example"}
    assert await refusal(served.address, evil) == 403
    for origin in (f"http://{served.address}", "https://console.example"):
        async with opened(served.address, {**headers, "Origin": origin}):
            pass


async def test_messages_that_cannot_be_meant_are_answered_and_change_nothing(
    served: Served,
) -> None:
    person = await served.api.person()
    async with opened(served.address, person.headers) as socket:
        for message in (
            "no json",
            "[]",
            "{}",
            '{"type": "subscribe"}',
            '{"type": "subscribe", "filter": "entity:execution"}',
            '{"type": "subscribe", "filter": "all", "after": 7}',
            f'{{"type": "subscribe", "filter": "user:{person.id + 1}"}}',
            "[" * 5000,
        ):
            await socket.connection.send(message)
            answer = await socket.hear()
            assert answer["type"] == "error", message
            assert answer["message"]
        await socket.subscribe(f"user:{person.id}")


async def test_socket_asks_for_no_more_than_its_limits(served: Served) -> None:
    headers = (await served.api.person()).headers
    async with (
        opened(served.address, headers) as one,
        opened(served.address, headers) as two,
        opened(served.address, headers) as three,
    ):
        assert await refusal(served.address, headers) == 429
        many = [f"entity:execution:{n}" for n in range(6)]
        await one.say(type="subscribe", filter=many)
        answers = [await one.hear() for _ in many]
        assert [each["type"] for each in answers] == ["subscribed"] * 5 + ["error"]

        await two.connection.send("x" * 20_000)
        assert await two.close_code() == 1009
        for _ in range(40):
            await three.say(type="ping")
        assert await three.close_code() == 1008
    async with opened(served.address, headers):
        pass


async def test_socket_is_closed_when_its_owner_may_follow_no_longer(
    served: Served, database: Database
) -> None:
    api = served.api
    frozen, deleted, demoted = [
        await api.person([grant("rules", "read"), grant("packs", "read")])
        for _ in range(3)
    ]
    expired = api.tokens.sign(
        TokenType.ACCESS,
        identity_id=frozen.id,
        login=frozen.login,
        # Time for the clocks of others is sixty seconds.
        lifetime=timedelta(seconds=-58),
    )
    async with (
        opened(served.address, {"Authorization": f"Bearer {expired}"}) as at_its_end,
        opened(served.address, frozen.headers) as one,
        opened(served.address, deleted.headers) as two,
        opened(served.address, demoted.headers) as three,
    ):
        assert await at_its_end.close_code() == 4401
        async with database.transaction() as tx:
            connection = await tx.session.connection()
            for statement, person in (
                ("UPDATE attune.identity SET frozen = true WHERE id = $1", frozen),
                ("DELETE FROM attune.identity WHERE id = $1", deleted),
                (
                    "DELETE FROM attune.permission_assignment WHERE identity = $1",
                    demoted,
                ),
            ):
                await connection.exec_driver_sql(statement, (person.id,))
        assert await one.close_code() == 4401
        assert await two.close_code() == 4401
        assert await three.close_code() == 4401


async def test_each_hears_of_what_they_could_read_and_nothing_else(
    served: Served, database: Database
) -> None:
    api = served.api
    ada = await api.person([grant("executions", "read"), grant("packs", "read")])
    bob = await api.administrator()
    pack = await make_private_pack(api, ada)
    async with (
        opened(served.address, ada.headers) as hers,
        opened(served.address, bob.headers) as his,
    ):
        await hers.subscribe("entity_type:execution")
        await his.subscribe("all")
        async with database.transaction() as tx:
            private = await make_action(tx, pack)
            mine = await make_execution(tx, private)
            public = await make_execution(tx)

        told = await hers.told(2)
        assert [each["entity_id"] for each in told] == [mine.id, public.id]
        while True:
            [message] = await his.told(1)
            assert message["entity_id"] != mine.id or message["entity_type"] == "pack"
            assert private.ref not in json.dumps(message)
            if message["entity_id"] == public.id:
                break


async def test_who_comes_back_is_told_what_was_missed_and_nothing_twice(
    served: Served, database: Database
) -> None:
    person = await served.api.administrator()

    async def work(count: int) -> list[int]:
        async with database.transaction() as tx:
            action = await make_action(tx)
            return [(await make_execution(tx, action)).id for _ in range(count)]

    def ids(told: list[dict[str, Any]]) -> list[int]:
        return [each["entity_id"] for each in told]

    async with opened(served.address, person.headers) as socket:
        await socket.subscribe("entity_type:execution")
        first = await work(5)
        heard = await socket.told(3)
    missed = await work(3)
    cursor = heard[-1]["id"]
    async with opened(served.address, person.headers) as socket:
        # Both filters match, and neither takes from the other nor adds to it.
        await socket.subscribe("entity_type:execution", after=cursor)
        await socket.subscribe("notification_type:execution_created", after=cursor)
        again = await socket.told(5)
        new = await work(1)
        live = await socket.told(1)
    path = f"/ws?after={cursor}"
    async with opened(served.address, person.headers, path=path) as socket:
        await socket.say(type="subscribe", filter="entity_type:execution")
        from_url = await socket.told(6)

    assert ids(heard) == first[:3]
    assert ids(again) == [*first[3:], *missed]
    assert ids(live) == new
    assert ids(from_url) == [*first[3:], *missed, *new]


async def test_cursor_that_reaches_back_too_far_is_told_so(served: Served) -> None:
    person = await served.api.administrator()
    long_ago, elsewhere = "5~1000000000~3:3:", "5~9999999999~900000000000:900000000000:"
    async with opened(served.address, person.headers) as socket:
        for cursor in (long_ago, elsewhere):
            await socket.subscribe("all", after=cursor)
            assert (await socket.hear())["type"] == "gap"


async def test_unsubscribed_filter_tells_no_more(
    served: Served, database: Database
) -> None:
    person = await served.api.administrator()
    async with opened(served.address, person.headers) as socket:
        await socket.subscribe("entity_type:action")
        await socket.subscribe("entity_type:execution")
        await socket.say(type="unsubscribe", filter="entity_type:action")
        await socket.hear_until("unsubscribed")
        async with database.transaction() as tx:
            await make_execution(tx)
        [told] = await socket.told(1)
        async with asyncio.timeout(5):
            await socket.say(type="ping")
            assert (await socket.hear())["type"] == "pong"

    assert told["notification_type"] == "execution_created"
