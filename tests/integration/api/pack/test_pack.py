"""Packs over HTTP: installed whole or not at all, replaced, deleted."""

import asyncio
from collections.abc import Mapping

import asyncpg
import pytest

from attune.config import Settings
from tests.integration.api.defining import statuses
from tests.integration.api.installing import get, refs_of, upload
from tests.integration.api.pack.answers import RESPONSE, SUMMARY
from tests.integration.api.people import Api, Person
from tests.integration.api.shapes import assert_shape
from tests.support.packs import GREET, MANIFEST, WHOLE, pack_archive

INSTALL = {"pack": dict, "tests_skipped": bool, "install_id": int}


async def test_an_uploaded_pack_is_there_with_everything_in_it(
    api: Api, admin: Person, settings: Settings
) -> None:
    answer = await upload(api, admin, WHOLE)

    assert answer.status_code == 201, answer.text
    installed = answer.json()["data"]
    assert_shape(installed, INSTALL)
    assert_shape(installed["pack"], RESPONSE)
    assert installed["pack"]["action_count"] == 1
    assert installed["pack"]["rule_count"] == 1
    assert await refs_of(api, admin, "/packs/demo/actions") == ["demo.greet"]
    assert await refs_of(api, admin, "/packs/demo/triggers") == ["demo.arrived"]
    assert await refs_of(api, admin, "/packs/demo/rules") == ["demo.on_arrival"]
    script = settings.packs_base_dir / "demo" / "actions" / "greet.sh"
    assert script.stat().st_mode & 0o777 == 0o755


async def test_what_a_pack_says_ends_in_its_components(api: Api, admin: Person) -> None:
    await upload(api, admin, WHOLE)

    action = (await get(api, admin, "/actions/demo.greet")).json()["data"]
    rule = (await get(api, admin, "/rules/demo.on_arrival")).json()["data"]

    assert action["runtime_ref"] == "core.shell"
    assert action["param_schema"]["who"] == {"type": "string", "required": True}
    assert action["is_adhoc"] is False
    assert rule["trigger_ref"] == "demo.arrived"
    assert rule["action_params"] == {"who": "{{ event.payload.who }}"}
    assert rule["owner_identity"] == admin.id


async def test_policies_of_a_pack_come_and_go_with_its_files(
    api: Api, admin: Person
) -> None:
    calm = {"policies/calm.yaml": "action: greet\nthreshold: 3\nparameters: who"}
    await upload(api, admin, {**WHOLE, **calm})
    path = "/policies/demo.calm"
    policy = (await get(api, admin, path)).json()["data"]

    await upload(api, admin, WHOLE, force="true")

    expected = {"limit": 3, "method": "enqueue", "parameters": ["who"]}
    assert policy["concurrency"] == expected
    assert policy["action_ref"] == "demo.greet"
    assert policy["is_adhoc"] is False
    assert (await get(api, admin, path)).status_code == 404


async def test_a_known_pack_is_replaced_only_by_force(
    api: Api, admin: Person, sql: asyncpg.Connection
) -> None:
    await upload(api, admin, WHOLE)
    await sql.execute("UPDATE attune.rule SET last_error = 'x', last_error_at = now()")

    refused = await upload(api, admin, WHOLE)
    before = await sql.fetchval("SELECT count(last_error) FROM attune.rule")
    forced = await upload(api, admin, WHOLE, force="true")

    assert refused.status_code == 409
    assert forced.status_code == 201
    assert before > 0
    # What was wrong with rules of before is not said of those of now.
    assert await sql.fetchval("SELECT count(last_error) FROM attune.rule") == 0


async def test_what_a_pack_no_longer_has_disappears_and_what_was_made_stays(
    api: Api, admin: Person
) -> None:
    await upload(api, admin, WHOLE)
    made = await api.client.post(
        "/api/v1/actions",
        json={
            "ref": "demo.made",
            "pack_ref": "demo",
            "label": "Made",
            "entrypoint": "echo made",
            "runtime_ref": "core.shell",
        },
        headers=admin.headers,
    )
    assert made.status_code == 201, made.text
    before = (await get(api, admin, "/actions/demo.greet")).json()["data"]

    smaller = {name: text for name, text in WHOLE.items() if "rules" not in name}
    await upload(api, admin, smaller, force="true")

    assert await refs_of(api, admin, "/packs/demo/rules") == []
    assert await refs_of(api, admin, "/packs/demo/actions") == [
        "demo.greet",
        "demo.made",
    ]
    after = (await get(api, admin, "/actions/demo.greet")).json()["data"]
    assert after["id"] == before["id"]


async def test_switches_that_people_made_outlive_a_reload(
    api: Api, admin: Person
) -> None:
    await upload(api, admin, WHOLE)
    disabled = await api.client.post(
        "/api/v1/rules/demo.on_arrival/disable", headers=admin.headers
    )
    opened = await api.client.post(
        "/api/v1/triggers/demo.arrived/webhooks/enable", headers=admin.headers
    )
    assert disabled.is_success
    assert opened.is_success

    await upload(api, admin, WHOLE, force="true")

    rule = (await get(api, admin, "/rules/demo.on_arrival")).json()["data"]
    trigger = (await get(api, admin, "/triggers/demo.arrived")).json()["data"]
    assert rule["enabled"] is False
    assert trigger["webhook_enabled"] is True
    assert trigger["webhook_key"] == opened.json()["webhook_key"]


async def test_a_broken_pack_changes_nothing_and_every_problem_is_told(
    api: Api, admin: Person, settings: Settings
) -> None:
    await upload(api, admin, WHOLE)
    broken = {
        **WHOLE,
        "actions/other.yaml": "entry_point: nowhere.py",
        "rules/other.yaml": "trigger_ref: nothing.there\naction_ref: greet",
        "actions/third.yaml": "entry_point: echo 3\nrunner_type: cobol",
    }

    answer = await upload(api, admin, broken, force="true")

    assert answer.status_code == 422
    assert "actions/other.yaml" in str(answer.json()["details"])
    assert await refs_of(api, admin, "/packs/demo/actions") == ["demo.greet"]
    files = settings.packs_base_dir / "demo" / "actions"
    assert not (files / "other.yaml").exists()


WRONG_TIMER = """
    trigger_ref: core.intervaltimer
    action_ref: core.noop
    trigger_params: {unit: years, interval: 1}
"""


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("actions/x.yaml", "entry_point: echo\nrunner_type: cobol", "runner_type"),
        ("rules/x.yaml", "trigger_ref: no.thing\naction_ref: core.noop", "trigger_ref"),
        ("rules/x.yaml", "trigger_ref: arrived\naction_ref: no.thing", "action_ref"),
        (
            "rules/x.yaml",
            WRONG_TIMER,
            "trigger_params",
        ),
        ("sensors/x.yaml", "entry_point: x.sh\ntrigger_types: [a, b]", "trigger_types"),
        ("policies/x.yaml", "action: no.thing\nthreshold: 1", "scope.action_ref"),
        (
            "policies/x.yaml",
            "action: core.http_request\nthreshold: 1\nparameters: auth_token",
            "parameters: 'auth_token' is secret",
        ),
    ],
)
async def test_what_a_pack_needs_of_others_is_checked_at_installation(
    api: Api, admin: Person, name: str, text: str, place: str
) -> None:
    files = {**WHOLE, "sensors/x.sh": "", name: text.replace("echo", "echo 1")}

    answer = await upload(api, admin, files)

    assert answer.status_code == 422
    assert f"{name}: {place}" in str(answer.json()["details"])
    assert (await get(api, admin, "/packs/demo")).status_code == 404


async def test_fifty_uploads_at_once_make_one_pack(api: Api, admin: Person) -> None:
    answers = await asyncio.gather(*(upload(api, admin, WHOLE) for _ in range(50)))

    assert statuses(answers) == {201: 1, 409: 49}
    assert await refs_of(api, admin, "/packs/demo/actions") == ["demo.greet"]


@pytest.mark.parametrize(
    ("archive", "status"),
    [
        pytest.param(b"no archive", 400, id="no archive"),
        pytest.param(b"", 400, id="empty"),
        pytest.param(pack_archive({"a/pack.yaml": "x", "b/c": "y"}), 422, id="two"),
        pytest.param(pack_archive({**MANIFEST, "../x": ""}), 422, id="parent path"),
        pytest.param(
            pack_archive({**MANIFEST, "zeros": b"\0" * 120_000_000}), 413, id="bomb"
        ),
    ],
)
async def test_what_is_no_pack_is_refused(
    api: Api, admin: Person, settings: Settings, archive: bytes, status: int
) -> None:
    answer = await upload(api, admin, archive)

    assert answer.status_code == status
    assert not list((settings.packs_base_dir / ".incoming").iterdir())


class TestConfiguration:
    FILES: Mapping[str, str] = {
        "pack.yaml": "ref: demo\nlabel: Demo\nversion: 1.0.0\n"
        "conf_schema:\n"
        "  host: {type: string, default: localhost}\n"
        "  port: {type: integer, default: 80}\n"
        "  token: {type: string, secret: true}\n"
        "config: {host: example.org, token: hidden}\n",
    }

    async def test_defaults_are_filled_in_and_secrets_masked(
        self, api: Api, admin: Person
    ) -> None:
        await upload(api, admin, self.FILES)

        pack = (await get(api, admin, "/packs/demo")).json()["data"]

        assert pack["config"] == {"host": "example.org", "port": 80, "token": "***"}

    async def test_what_people_configured_outlives_a_new_version(
        self, api: Api, admin: Person
    ) -> None:
        await upload(api, admin, self.FILES)
        changed = await api.client.put(
            "/api/v1/packs/demo",
            json={"config": {"host": "example.org", "port": 8080, "token": "***"}},
            headers=admin.headers,
        )
        assert changed.status_code == 200, changed.text
        newer = self.FILES["pack.yaml"].replace("example.org", "example.net")

        await upload(api, admin, {"pack.yaml": newer}, force="true")

        pack = (await get(api, admin, "/packs/demo")).json()["data"]
        assert pack["config"] == {"host": "example.net", "port": 8080, "token": "***"}

    async def test_a_configuration_must_fit_its_schema(
        self, api: Api, admin: Person
    ) -> None:
        await upload(api, admin, self.FILES)

        answer = await api.client.put(
            "/api/v1/packs/demo",
            json={"config": {"port": "eighty"}},
            headers=admin.headers,
        )

        assert answer.status_code == 422
        assert "config.port" in str(answer.json()["details"])


async def test_each_installation_is_on_record(api: Api, admin: Person) -> None:
    first = (await upload(api, admin, WHOLE)).json()["data"]
    second = (await upload(api, admin, WHOLE, force="true")).json()["data"]

    one = (await get(api, admin, f"/packs/install/{first['install_id']}")).json()
    latest = (await get(api, admin, "/packs/demo/install/latest")).json()

    assert one["data"]["trigger_reason"] == "install"
    assert latest["data"]["install_id"] == second["install_id"]
    assert latest["data"]["status"] == "completed"


async def test_a_deleted_pack_leaves_no_files(
    api: Api, admin: Person, settings: Settings
) -> None:
    await upload(api, admin, WHOLE)

    answer = await api.client.delete("/api/v1/packs/demo", headers=admin.headers)

    assert answer.status_code == 200
    assert not (settings.packs_base_dir / "demo").exists()
    assert not (settings.packs_base_dir / ".content" / "demo").exists()
    assert (await get(api, admin, "/actions/demo.greet")).status_code == 404


async def test_packs_are_found_by_words(api: Api, admin: Person) -> None:
    await upload(api, admin, WHOLE)

    found = await get(api, admin, "/packs", q="DEM", page_size=1000)

    assert [each["ref"] for each in found.json()["items"]] == ["demo"]
    assert_shape(found.json()["items"][0], SUMMARY)


async def test_a_sensor_serves_its_triggers(api: Api, admin: Person) -> None:
    files = {
        **WHOLE,
        "sensors/watch.yaml": "entry_point: watch.sh\ntrigger_types: [arrived]",
        "sensors/watch.sh": "#!/bin/sh\n",
    }
    await upload(api, admin, files)
    async with api.database.transaction() as tx:
        sensor = await tx.sensors.get_by_ref("demo.watch")
        trigger = await tx.triggers.get_by_ref("demo.arrived")
        assert trigger.sensor_id == sensor.id
        assert sensor.trigger_ref == "demo.arrived"
        assert sensor.runtime_ref == "core.native"

    await upload(api, admin, WHOLE, force="true")

    async with api.database.transaction() as tx:
        trigger = await tx.triggers.get_by_ref("demo.arrived")
        assert trigger.sensor_id is None


async def test_a_packs_own_runtime_goes_before_the_core_one(
    api: Api, admin: Person
) -> None:
    runtime = """
        name: Shell
        execution_config: {interpreter: {binary: /bin/dash, file_extension: .sh}}
        versions: [{version: "1.0"}, {version: "2.0", is_default: true}]
    """
    await upload(api, admin, {**MANIFEST, **GREET, "runtimes/shell.yaml": runtime})

    async with api.database.transaction() as tx:
        action = await tx.actions.get_by_ref("demo.greet")
        row = await tx.runtimes.get_by_ref("demo.shell")
        versions = await tx.runtime_versions.find_by_runtime(row.id)
    assert action.runtime_ref == "demo.shell"
    assert [each.version for each in versions] == ["1.0", "2.0"]
