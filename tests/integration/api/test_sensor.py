"""Sensors over HTTP: made, changed, shown with their processes, and what they wrote."""

from typing import Any

import pytest

from attune.domain.permission import TokenType
from tests.integration.api.defining import Workshop, make_workshop
from tests.integration.api.people import Api, grant

SECRET = {"password": {"type": "string", "secret": True}}


@pytest.fixture
async def workshop(api: Api) -> Workshop:
    """A pack with a trigger and an action, and somebody who may do everything there."""
    made = await make_workshop(api)
    await made.post("/triggers", made.trigger_body())
    await made.post("/actions", made.action_body())
    return made


def body(workshop: Workshop, name: str = "watch", **fields: Any) -> dict[str, Any]:
    return {
        "ref": f"{workshop.pack.ref}.{name}",
        "pack_ref": workshop.pack.ref,
        "label": "Watch",
        "entrypoint": "watch.py",
        "runtime_ref": workshop.runtime.ref,
        "trigger_ref": workshop.trigger_body()["ref"],
    } | fields


async def test_a_sensor_is_made_with_the_trigger_it_emits(workshop: Workshop) -> None:
    made = await workshop.post("/sensors", body(workshop, description="Looks."))

    assert made["trigger_refs"] == [workshop.trigger_body()["ref"]]
    assert made["trigger_ref"] == workshop.trigger_body()["ref"]
    assert made["is_adhoc"] is True
    assert (made["state"], made["worker"], made["failure_count"]) == (
        "stopped",
        None,
        0,
    )
    assert made["state_reason"] == "no enabled rule uses its triggers"
    trigger = await workshop.get(f"/triggers/{made['trigger_ref']}")
    assert trigger["sensor_ref"] == made["ref"]
    assert await workshop.get(f"/sensors/{made['ref']}") == made


async def test_a_sensor_serves_several_triggers(workshop: Workshop) -> None:
    other = await workshop.post("/triggers", workshop.trigger_body("other"))

    made = await workshop.post("/sensors", body(workshop, trigger_refs=[other["ref"]]))

    assert sorted(made["trigger_refs"]) == sorted(
        [workshop.trigger_body()["ref"], other["ref"]]
    )


async def test_lists_say_why_a_sensor_does_not_run(workshop: Workshop) -> None:
    made = await workshop.post("/sensors", body(workshop))
    await workshop.post("/sensors", body(workshop, "idle", enabled=False))
    await workshop.post("/rules", workshop.rule_body())

    reasons = {
        each["ref"]: each["state_reason"]
        for each in (await workshop.get("/sensors"))["items"]
    }

    assert reasons[made["ref"]] == "it is about to start"
    assert reasons[f"{workshop.pack.ref}.idle"] == "the sensor is disabled"
    for path in (
        "/sensors/enabled",
        f"/triggers/{made['trigger_ref']}/sensors",
        f"/packs/{workshop.pack.ref}/sensors",
    ):
        found = (await workshop.get(path))["items"]
        assert made["ref"] in [each["ref"] for each in found], path


async def test_a_sensor_is_changed_and_switched(workshop: Workshop) -> None:
    made = await workshop.post("/sensors", body(workshop))
    path = f"/sensors/{made['ref']}"

    changed = await workshop.put(
        path,
        {
            "label": "Look",
            "config": {"depth": 2},
            "log_retention_policy": {"op": "set", "value": "versions"},
            "log_retention_limit": 2,
        },
    )
    disabled = await workshop.post(f"{path}/disable")
    enabled = await workshop.post(f"{path}/enable")
    restarted = await workshop.post(f"{path}/restart")

    assert (changed["label"], changed["config"]) == ("Look", {"depth": 2})
    assert (changed["log_retention_policy"], changed["log_retention_limit"]) == (
        "versions",
        2,
    )
    assert [each["enabled"] for each in (disabled, enabled, restarted)] == [
        False,
        True,
        True,
    ]


async def test_what_is_secret_in_a_configuration_is_not_shown(
    workshop: Workshop,
) -> None:
    config = {"password": "hunter22", "host": "here"}
    made = await workshop.post(
        "/sensors", body(workshop, param_schema=SECRET, config=config)
    )

    kept = await workshop.put(f"/sensors/{made['ref']}", {"config": made["config"]})

    assert made["config"] == kept["config"] == {"password": "***", "host": "here"}


async def test_a_sensor_that_is_deleted_is_gone(workshop: Workshop) -> None:
    made = await workshop.post("/sensors", body(workshop))

    answer = await workshop.send("DELETE", f"/sensors/{made['ref']}")

    assert answer.json()["success"] is True
    assert (await workshop.send("GET", f"/sensors/{made['ref']}")).status_code == 404
    trigger = await workshop.get(f"/triggers/{made['trigger_ref']}")
    assert trigger["sensor"] is None


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"ref": "elsewhere.watch"}, 422),
        ({"runtime_ref": "core.nothing"}, 404),
        ({"trigger_ref": "core.nothing"}, 404),
        ({"pack_ref": "nowhere"}, 404),
        ({"runtime_version_constraint": "what"}, 422),
        ({"param_schema": {"a": {"type": "nonsense"}}}, 422),
        ({"entrypoint": ""}, 422),
        ({"config": {"x": {"$encrypted": "y"}}}, 422),
    ],
)
async def test_a_sensor_that_cannot_work_is_refused(
    workshop: Workshop, wrong: dict[str, Any], status: int
) -> None:
    answer = await workshop.send("POST", "/sensors", body(workshop, **wrong))

    assert answer.status_code == status, answer.text


async def test_making_a_sensor_takes_the_grant_to_make_code(
    api: Api, workshop: Workshop
) -> None:
    planner = await api.person(
        [grant("triggers", "read", "create", "update"), grant("runtimes", "read")]
    )

    answer = await workshop.send("POST", "/sensors", body(workshop), who=planner)

    assert answer.status_code == 403


async def test_changing_the_code_takes_the_grant_to_change_code(
    api: Api, workshop: Workshop
) -> None:
    made = await workshop.post("/sensors", body(workshop))
    path = f"/sensors/{made['ref']}"
    planner = await api.person([grant("triggers", "read", "update")])

    label = await workshop.send("PUT", path, {"label": "L"}, who=planner)
    code = await workshop.send("PUT", path, {"entrypoint": "x.py"}, who=planner)

    assert (label.status_code, code.status_code) == (200, 403)


async def test_a_stranger_sees_no_sensor(api: Api, workshop: Workshop) -> None:
    made = await workshop.post("/sensors", body(workshop))
    stranger = await api.person([grant("triggers", "read", pack_refs=["other"])])

    for path in (f"/sensors/{made['ref']}", f"/sensors/{made['ref']}/logs"):
        answer = await workshop.send("GET", path, who=stranger)
        assert answer.status_code == 404
    listed = await workshop.send("GET", "/sensors", who=stranger)
    assert listed.json()["items"] == []


async def test_a_worker_starts_it_and_its_output_is_read(
    api: Api, workshop: Workshop
) -> None:
    made = await workshop.post("/sensors", body(workshop))
    await workshop.post("/rules", workshop.rule_body(trigger_params={"path": "/srv"}))
    worker = Hands(api, made["ref"])
    launch = await worker.start()

    await worker.write(launch["generation"], b"first\nsecond\n")
    beaten = await worker.post("/beat", {"hosted": [worker.hosted(launch)]})

    assert launch["rules"][0]["config"] == {"path": "/srv"}
    assert beaten == {"stop": [], "kill": []}
    shown = await workshop.get(f"/sensors/{made['ref']}")
    assert (shown["state"], shown["worker_name"]) == ("running", "w1")
    assert shown["running_since"] is not None
    logs = await workshop.get(f"/sensors/{made['ref']}/logs")
    assert logs["sensor_ref"] == made["ref"]
    assert logs["logs"][0]["artifact_ref"] == f"sensor.{made['ref']}.stdout"
    path = f"/sensors/{made['ref']}/logs/stdout"
    assert (await workshop.send("GET", path)).text == "first\nsecond\n"
    tail = await workshop.send("GET", path, tail=1)
    assert (tail.text, tail.headers["X-Log-Start-Offset"]) == ("second\n", "6")
    rest = await workshop.send("GET", path, offset=6)
    assert (rest.text, rest.headers["X-Log-End-Offset"]) == ("second\n", "13")
    unknown = await workshop.send("GET", f"/sensors/{made['ref']}/logs/nothing")
    assert unknown.status_code == 422


async def test_a_log_is_an_artifact_like_others(api: Api, workshop: Workshop) -> None:
    made = await workshop.post("/sensors", body(workshop))
    await workshop.post("/rules", workshop.rule_body())
    worker = Hands(api, made["ref"])
    launch = await worker.start()
    await worker.write(launch["generation"], b"first\nsecond\n")

    [listed] = (await workshop.get("/artifacts", owner=made["ref"]))["items"]
    content = await workshop.send("GET", f"/artifacts/{listed['id']}/download")

    assert listed["ref"] == f"sensor.{made['ref']}.stdout"
    assert listed["scope"] == "sensor"
    assert content.text == "first\nsecond\n"


async def test_a_token_of_a_start_that_is_over_is_refused(
    api: Api, workshop: Workshop
) -> None:
    made = await workshop.post("/sensors", body(workshop))
    await workshop.post("/rules", workshop.rule_body())
    worker = Hands(api, made["ref"])
    launch = await worker.start()
    headers = {"Authorization": f"Bearer {launch['token']['token']}"}
    event = {"trigger_ref": made["trigger_ref"], "payload": {"n": 1}}

    first = await api.client.post("/api/v1/events", json=event, headers=headers)
    foreign = await api.client.post(
        "/api/v1/events", json={"trigger_ref": "core.other"}, headers=headers
    )
    await worker.post(
        f"/{made['ref']}/end", {"generation": launch["generation"], "reason": "stopped"}
    )
    late = await api.client.post("/api/v1/events", json=event, headers=headers)

    assert first.json()["data"]["source_ref"] == made["ref"]
    assert foreign.status_code in {403, 404}
    assert late.status_code == 401


async def test_only_workers_speak_for_sensors(api: Api, workshop: Workshop) -> None:
    answer = await api.client.post(
        "/internal/sensors/beat", json={"hosted": []}, headers=workshop.who.headers
    )

    assert answer.status_code == 403


class Hands:
    """A worker that hosts one sensor."""

    def __init__(self, api: Api, ref: str) -> None:
        self._api = api
        self._ref = ref

    async def post(self, path: str, content: object) -> Any:
        answer = await self._api.client.post(
            f"/internal/sensors{path}",
            json=content,
            headers=self._api.headers(TokenType.WORKER, None),
        )
        assert answer.is_success, answer.text
        return answer.json().get("data")

    async def start(self) -> dict[str, Any]:
        """Order a start as the sensor's workflow does, and take it."""
        registered = await self._api.client.post(
            "/internal/workers/register",
            json={"name": "w1"},
            headers=self._api.headers(TokenType.WORKER, None),
        )
        async with self._api.database.transaction() as tx:
            found = await tx.sensor_processes.lock(self._ref)
            assert found is not None
            generation = await tx.sensor_processes.order(
                self._ref, found.definition, is_outdated=True
            )
        launch: dict[str, Any] = await self.post(
            f"/{self._ref}/start",
            {
                "generation": generation,
                "attempt_id": "attempt-1",
                "worker_id": registered.json()["data"]["id"],
            },
        )
        return launch

    async def write(self, generation: int, content: bytes) -> None:
        answer = await self._api.client.post(
            f"/internal/sensors/{self._ref}/output/stdout",
            params={"generation": generation, "offset": 0},
            content=content,
            headers=self._api.headers(TokenType.WORKER, None),
        )
        assert answer.is_success, answer.text

    def hosted(self, launch: dict[str, Any]) -> dict[str, Any]:
        return {"ref": self._ref, "generation": launch["generation"]}
