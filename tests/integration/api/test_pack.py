"""Packs over HTTP: installed whole or not at all, seen by whom they concern."""

import asyncio
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from attune.api.app import create_app
from attune.config import Settings
from attune.domain.permission import TokenType
from attune.packs.bundle import content_hash, unpack_bundle
from attune.services.pack.core import ensure_core_pack
from attune.worker.pack_files import PackFiles
from tests.integration.api.conftest import make_settings
from tests.integration.api.defining import statuses
from tests.integration.api.installing import get, refs_of, upload
from tests.integration.api.people import EVERYTHING, Api, Person, grant
from tests.integration.api.shapes import assert_shape
from tests.support.packs import GREET, MANIFEST, WHOLE, pack_archive, write_pack

SUMMARY = {
    "created": str,
    "description": str | None,
    "id": int,
    "is_standard": bool,
    "label": str,
    "ref": str,
    "tags": list,
    "updated": str,
    "version": str,
}
RESPONSE = SUMMARY | {
    "action_count": int,
    "conf_schema": dict,
    "config": dict,
    "dependencies": list,
    "meta": dict,
    "rule_count": int,
    "runtime_deps": list,
    "sensor_count": int,
    "trigger_count": int,
    "worker_affinity": dict,
    "worker_selector": dict,
    "worker_tolerations": list,
}
INSTALL = {"pack": dict, "tests_skipped": bool, "install_id": int}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    given = make_settings(database_url)
    return given.model_copy(update={"packs_base_dir": tmp_path / "packs"})


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
async def admin(api: Api, settings: Settings) -> Person:
    await ensure_core_pack(api.database, settings.packs_base_dir)
    return await api.administrator()


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


async def test_the_core_pack_is_the_platforms_own(api: Api, admin: Person) -> None:
    core = {"pack.yaml": "ref: core\nlabel: Core\nversion: 9.0.0\n"}

    replaced = await upload(api, admin, core, force="true")
    deleted = await api.client.delete("/api/v1/packs/core", headers=admin.headers)

    assert replaced.status_code == 409
    assert deleted.status_code == 409


async def test_the_core_pack_is_installed_once(
    api: Api, admin: Person, settings: Settings
) -> None:
    again = await ensure_core_pack(api.database, settings.packs_base_dir)

    assert again is False
    assert "core.noop" in await refs_of(api, admin, "/packs/core/actions")
    sets = await get(api, admin, "/packs/core")
    assert sets.json()["data"]["is_standard"] is True


async def test_the_core_pack_is_installed_by_whoever_is_first(
    api: Api, settings: Settings
) -> None:
    results = await asyncio.gather(
        *(ensure_core_pack(api.database, settings.packs_base_dir) for _ in range(4))
    )

    assert any(results)
    assert (settings.packs_base_dir / "core" / "pack.yaml").is_file()


async def test_lost_files_of_the_core_pack_are_put_back(
    api: Api, admin: Person, tmp_path: Path
) -> None:
    del admin
    elsewhere = tmp_path / "new volume"

    await ensure_core_pack(api.database, elsewhere)

    assert (elsewhere / "core" / "actions" / "noop.sh").is_file()


class TestVisibility:
    async def test_a_pack_is_its_owners_alone(self, api: Api, admin: Person) -> None:
        other = await api.administrator()
        await upload(api, admin, WHOLE)

        assert (await get(api, admin, "/packs/demo")).status_code == 200
        assert (await get(api, other, "/packs/demo")).status_code == 404
        assert "demo" not in await refs_of(api, other, "/packs")
        latest = await get(api, other, "/packs/demo/install/latest")
        assert latest.status_code == 404

    async def test_nobody_replaces_what_is_not_theirs(
        self, api: Api, admin: Person
    ) -> None:
        other = await api.administrator()
        await upload(api, admin, WHOLE)

        answer = await upload(api, other, WHOLE, force="true")

        assert answer.status_code == 409

    async def test_replacing_a_standard_pack_takes_the_right_to_delete_it(
        self, api: Api, admin: Person
    ) -> None:
        standard = {**WHOLE, "pack.yaml": WHOLE["pack.yaml"] + "system: true\n"}
        await upload(api, admin, standard)
        editor = await api.person(
            [grant("packs", "read", "install"), grant("actions", "read", "execute")]
        )

        answer = await upload(api, editor, WHOLE, force="true")

        assert answer.status_code == 403

    async def test_a_grant_that_names_the_pack_opens_it(
        self, api: Api, admin: Person
    ) -> None:
        await upload(api, admin, WHOLE)
        friend = await api.person([grant("packs", "read", pack_refs=["demo"])])

        assert (await get(api, friend, "/packs/demo")).status_code == 200


class TestGrants:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "/packs", None),
            ("GET", "/packs/demo", None),
            ("POST", "/packs", {"ref": "x1", "label": "X", "version": "1.0.0"}),
            ("PUT", "/packs/demo", {"label": "X"}),
            ("DELETE", "/packs/demo", None),
            ("POST", "/packs/register", {"path": "/etc"}),
            ("POST", "/packs/install", {"source": "/etc"}),
            ("GET", "/packs/install/1", None),
            ("GET", "/packs/demo/install/latest", None),
        ],
    )
    async def test_every_route_asks_for_a_grant(
        self, api: Api, method: str, path: str, body: Any
    ) -> None:
        nobody = await api.person()

        known = await api.client.request(
            method, f"/api/v1{path}", json=body, headers=nobody.headers
        )
        unknown = await api.client.request(method, f"/api/v1{path}", json=body)

        assert known.status_code == 403
        assert unknown.status_code == 401

    async def test_nobody_installs_more_rights_than_they_have(
        self, api: Api, admin: Person
    ) -> None:
        del admin
        editor = await api.person(
            [grant("packs", "read", "install"), grant("keys", "read")]
        )
        text = "grants: [{resource: keys, actions: [read, decrypt]}]"

        answer = await upload(
            api, editor, {**MANIFEST, "permission_sets/mine.yaml": text}
        )

        assert answer.status_code == 403

    async def test_a_rule_starts_only_what_its_installer_may_start(
        self, api: Api, admin: Person
    ) -> None:
        del admin
        installer = await api.person(
            [
                grant("packs", "read", "install"),
                grant("actions", "read"),
                grant("triggers", "read"),
            ]
        )
        rule = "trigger_ref: core.alert\naction_ref: core.noop"

        answer = await upload(api, installer, {**MANIFEST, "rules/r.yaml": rule})

        assert answer.status_code == 403


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


class TestEmptyPack:
    BODY: Mapping[str, Any] = {"ref": "made", "label": "Made", "version": "1.0.0"}

    async def test_a_pack_is_made_changed_and_removed(
        self, api: Api, admin: Person
    ) -> None:
        made = await api.client.post(
            "/api/v1/packs",
            json={**self.BODY, "description": "Text", "tags": ["a"]},
            headers=admin.headers,
        )
        changed = await api.client.put(
            "/api/v1/packs/made",
            json={"label": "New", "description": {"op": "clear"}, "config": None},
            headers=admin.headers,
        )
        removed = await api.client.delete("/api/v1/packs/made", headers=admin.headers)

        assert made.status_code == 201
        assert_shape(made.json()["data"], RESPONSE)
        assert changed.json()["data"]["label"] == "New"
        assert changed.json()["data"]["description"] is None
        assert removed.json()["success"] is True
        assert (await get(api, admin, "/packs/made")).status_code == 404

    @pytest.mark.parametrize(
        "wrong",
        [
            {"ref": "Made"},
            {"ref": "a"},
            {"ref": "con"},
            {"ref": "a.b"},
            {"ref": "ma de"},
            {"ref": "ma\u0434e"},
            {"version": "1"},
            {"version": "one"},
            {"label": ""},
            {"label": "a\u202eb"},
            {"conf_schema": {"a": {"type": "nonsense"}}},
        ],
    )
    async def test_what_cannot_be_meant_is_refused(
        self, api: Api, admin: Person, wrong: Mapping[str, Any]
    ) -> None:
        answer = await api.client.post(
            "/api/v1/packs", json={**self.BODY, **wrong}, headers=admin.headers
        )

        assert answer.status_code == 422

    async def test_a_ref_is_taken_once(self, api: Api, admin: Person) -> None:
        answers = await asyncio.gather(
            *(
                api.client.post("/api/v1/packs", json=self.BODY, headers=admin.headers)
                for _ in range(10)
            )
        )

        assert statuses(answers) == {201: 1, 409: 9}


class TestLocalSources:
    async def test_a_directory_is_registered(
        self, api: Api, admin: Person, tmp_path: Path
    ) -> None:
        directory = write_pack(tmp_path / "mine", WHOLE)

        answer = await self.send(api, admin, "register", {"path": str(directory)})

        assert answer.status_code == 201, answer.text
        (directory / "actions" / "greet.sh").unlink()
        assert await refs_of(api, admin, "/packs/demo/actions") == ["demo.greet"]

    async def test_a_directory_and_an_archive_are_installed(
        self, api: Api, admin: Person, tmp_path: Path
    ) -> None:
        directory = write_pack(tmp_path / "mine", WHOLE)
        archive = tmp_path / "mine.tar.gz"
        archive.write_bytes(pack_archive(WHOLE))

        first = await self.send(api, admin, "install", {"source": str(directory)})
        second = await self.send(
            api, admin, "install", {"source": str(archive), "force": True}
        )

        assert (first.status_code, second.status_code) == (200, 200)

    @pytest.mark.parametrize(
        "source",
        [
            "https://example.org/pack.tar.gz",
            "git@example.org:pack.git",
            "file:///etc",
            "name-in-a-registry",
        ],
    )
    async def test_other_sources_are_not_switched_on(
        self, api: Api, admin: Person, source: str
    ) -> None:
        answer = await self.send(api, admin, "install", {"source": source})

        assert answer.status_code == 501

    @pytest.mark.parametrize("path", ["/etc", "/nowhere", "relative", "/root/../etc"])
    async def test_nothing_is_learned_of_other_directories(
        self, api: Api, admin: Person, path: str
    ) -> None:
        answer = await self.send(api, admin, "register", {"path": path})

        assert answer.status_code == 422
        assert answer.json()["error"] == "path: names no directory with a pack.yaml"

    async def send(
        self, api: Api, who: Person, route: str, body: Any
    ) -> httpx.Response:
        return await api.client.post(
            f"/api/v1/packs/{route}", json=body, headers=who.headers
        )


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


class TestBundle:
    async def test_a_worker_gets_exactly_the_files(
        self, api: Api, admin: Person, settings: Settings, tmp_path: Path
    ) -> None:
        await upload(api, admin, WHOLE)

        answer = await api.client.get(
            "/internal/packs/demo/bundle", headers=api.headers(TokenType.WORKER, None)
        )

        assert answer.status_code == 200, answer.text
        hash_ = answer.headers["x-attune-content-hash"]
        unpack_bundle(io.BytesIO(answer.content), tmp_path / "target", hash_)
        current = (settings.packs_base_dir / "demo").resolve()
        assert content_hash(tmp_path / "target") == content_hash(current)

    async def test_what_was_requested_before_gets_the_former_files(
        self, api: Api, admin: Person, settings: Settings
    ) -> None:
        worker = api.headers(TokenType.WORKER, None)
        await upload(api, admin, WHOLE)
        former = await api.client.get("/internal/packs/demo/bundle", headers=worker)
        hash_ = former.headers["x-attune-content-hash"]
        await upload(api, admin, {**WHOLE, "lib/new.txt": "new"}, force="true")

        now = await api.client.get("/internal/packs/demo/bundle", headers=worker)
        path = f"/internal/packs/demo/bundle?content_hash={hash_}"
        again = await api.client.get(path, headers=worker)
        gone = await api.client.get(path[:-1] + "x", headers=worker)

        assert now.headers["x-attune-content-hash"] != hash_
        assert again.headers["x-attune-content-hash"] == hash_
        assert again.content == former.content
        assert gone.status_code == 422
        line: Any = None  # a shared directory needs none
        files = PackFiles(
            line, shared=settings.packs_base_dir, bundles=settings.packs_base_dir
        )
        found = await files.directory("demo", hash_)
        assert not (found / "lib/new.txt").exists()
        current = await files.directory("demo", "0" * 64)
        assert (current / "lib/new.txt").exists()

    async def test_only_workers_get_bundles(self, api: Api, admin: Person) -> None:
        await upload(api, admin, WHOLE)

        answer = await api.client.get(
            "/internal/packs/demo/bundle", headers=admin.headers
        )

        assert answer.status_code == 403

    async def test_a_pack_without_files_has_no_bundle(
        self, api: Api, admin: Person
    ) -> None:
        await api.client.post(
            "/api/v1/packs", json=TestEmptyPack.BODY, headers=admin.headers
        )

        answer = await api.client.get(
            "/internal/packs/made/bundle", headers=api.headers(TokenType.WORKER, None)
        )

        assert answer.status_code == 404


async def test_the_roles_of_the_core_pack_can_do_their_work(
    api: Api, admin: Person
) -> None:
    async with api.database.transaction() as tx:
        grants = {
            name: (await tx.permission_sets.get_by_ref(f"core.{name}")).grants
            for name in ("admin", "editor", "executor", "viewer")
        }
    del admin
    people = {name: await api.person(given) for name, given in grants.items()}
    statuses_of = {
        name: (await upload(api, who, WHOLE, force="true")).status_code
        for name, who in people.items()
    }

    assert {each["resource"] for each in grants["admin"]} == {
        each["resource"] for each in EVERYTHING
    }
    assert statuses_of == {
        "admin": 201,
        "editor": 409,
        "executor": 403,
        "viewer": 403,
    }
    for who in people.values():
        assert (await get(api, who, "/packs")).status_code == 200
