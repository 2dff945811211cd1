"""Artifacts over HTTP: made, filled, seen by those who may, and gone with their files."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from attune.artifacts.files import ArtifactFiles
from attune.db.database import Database
from attune.domain.execution import ExecutionStatus as Status
from attune.domain.permission import TokenType
from attune.security.encryption import Encryption
from attune.services.artifact.sweep import ArtifactSweeper
from attune.services.execution.write import secret_place
from tests.integration.api.conftest import KEY
from tests.integration.api.defining import Workshop, make_private_pack, make_workshop
from tests.integration.api.people import Api, grant
from tests.integration.api.shapes import assert_shape
from tests.support.builders import make_action, make_execution
from tests.support.eventually import eventually

SUMMARY = {
    "id": int,
    "ref": str,
    "type": str,
    "scope": str,
    "owner": str,
    "visibility": str,
    "classification": str,
    "created": str,
    "updated": str,
}


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """Somebody who may do everything."""
    return await make_workshop(api)


def body(shop: Workshop, word: str = "report", **fields: Any) -> dict[str, Any]:
    return {
        "ref": f"{shop.pack.ref}.{word}",
        "scope": "pack",
        "owner": shop.pack.ref,
        "type": "file_text",
    } | fields


def contents(directory: Path) -> list[bytes]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return [path.read_bytes() for path in files if not path.is_symlink()]


async def upload(
    shop: Workshop, path: str, content: bytes, **form: str
) -> dict[str, Any]:
    answer = await shop.api.client.post(
        f"/api/v1/artifacts/{path}/versions/upload",
        files={"file": ("a.txt", content, "text/plain")},
        data=form,
        headers=shop.who.headers,
    )
    assert answer.status_code == 201, answer.text
    version: dict[str, Any] = answer.json()["data"]
    return version


async def test_artifact_is_made_with_the_defaults_of_the_contract(
    shop: Workshop,
) -> None:
    made = await shop.post("/artifacts", body(shop))
    progress = await shop.post("/artifacts", body(shop, "steps", type="progress"))

    assert_shape(made, SUMMARY | {"retention_limit": int, "retention_policy": str})
    assert (made["visibility"], progress["visibility"]) == ("private", "public")
    assert (made["retention_policy"], made["retention_limit"]) == ("versions", 5)
    by_ref = await shop.get(f"/artifacts/ref/{made['ref']}")
    assert by_ref["id"] == made["id"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"ref": "../etc"}, "ref"),
        ({"ref": "a..b"}, "ref"),
        ({"owner": "no.dots.here.please"}, "owner"),
        ({"scope": "action", "owner": "nodot"}, "owner"),
        ({"scope": "identity", "owner": "me"}, "owner"),
        ({"content_type": "text/html\r\nX: y"}, "content_type"),
        ({"retention_limit": 0}, "retention_limit"),
    ],
)
async def test_wrong_artifact_is_refused_with_its_place(
    shop: Workshop, change: dict[str, Any], place: str
) -> None:
    answer = await shop.send("POST", "/artifacts", body(shop, **change))

    assert answer.status_code == 422
    assert place in answer.text


async def test_taken_ref_is_a_conflict(shop: Workshop) -> None:
    await shop.post("/artifacts", body(shop))

    assert (await shop.send("POST", "/artifacts", body(shop))).status_code == 409


async def test_update_changes_what_is_given_and_clears_what_is_cleared(
    shop: Workshop,
) -> None:
    made = await shop.post("/artifacts", body(shop, name="Report", description="x"))

    changed = await shop.put(
        f"/artifacts/{made['id']}",
        {"name": {"op": "clear"}, "visibility": "public", "description": None},
    )

    assert "name" not in changed
    assert (changed["visibility"], changed["description"]) == ("public", "x")


async def test_json_versions_are_numbered_and_the_oldest_go(shop: Workshop) -> None:
    made = await shop.post("/artifacts", body(shop, retention_limit=2))
    path = f"/artifacts/{made['id']}/versions"

    for number in range(4):
        await shop.post(path, {"content": {"n": number}, "meta": {"of": "test"}})

    assert [v["version"] for v in await shop.get(path)] == [4, 3]
    latest = await shop.get(f"{path}/latest")
    assert (latest["content_json"], latest["meta"]) == ({"n": 3}, {"of": "test"})
    assert (await shop.send("GET", f"{path}/1")).status_code == 404


async def test_racing_versions_get_numbers_of_their_own(shop: Workshop) -> None:
    made = await shop.post("/artifacts", body(shop, retention_limit=100))
    path = f"/artifacts/{made['id']}/versions"

    await asyncio.gather(*(shop.post(path, {"content": {"n": n}}) for n in range(20)))

    found = await shop.get(path)
    assert [v["version"] for v in found] == list(range(20, 0, -1))


async def test_upload_is_downloaded_whole_and_in_ranges(
    shop: Workshop, artifacts_dir: Path
) -> None:
    made = await shop.post("/artifacts", body(shop, content_type="text/html"))
    content = b"<script>0123456789</script>" * 50_000

    version = await upload(shop, str(made["id"]), content)

    assert version["size_bytes"] == len(content)
    assert version["body_state"] == "ready"
    assert (artifacts_dir / version["file_path"]).read_bytes() == content
    whole = await shop.send("GET", f"/artifacts/{made['id']}/download")
    assert whole.content == content
    assert whole.headers["content-disposition"].startswith("attachment")
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in whole.headers["content-security-policy"]
    for wanted, status, part in [
        ("bytes=0-4", 206, content[:5]),
        ("bytes=-3", 206, content[-3:]),
        (f"bytes={len(content) - 2}-", 206, content[-2:]),
        ("bytes=5-2", 200, content),
        (f"bytes={len(content)}-", 416, None),
    ]:
        answer = await shop.api.client.get(
            f"/api/v1/artifacts/{made['id']}/versions/1/download",
            headers=shop.who.headers | {"Range": wanted},
        )
        assert answer.status_code == status, wanted
        if part is not None:
            assert answer.content == part
        else:
            assert answer.headers["content-range"] == f"bytes */{len(content)}"


async def test_upload_by_ref_makes_the_artifact_once(shop: Workshop) -> None:
    ref = f"{shop.pack.ref}.log"

    first = await upload(shop, f"ref/{ref}", b"one", scope="pack", owner=shop.pack.ref)
    second = await upload(shop, f"ref/{ref}", b"two")

    assert (first["version"], second["version"]) == (1, 2)
    artifact = await shop.get(f"/artifacts/ref/{ref}")
    assert (artifact["type"], artifact["retention_limit"]) == ("file_text", 10)
    assert artifact["size_bytes"] == 3


async def test_upload_beyond_the_limit_leaves_nothing(
    shop: Workshop, artifacts_dir: Path
) -> None:
    made = await shop.post("/artifacts", body(shop))
    shop.api.app.state.services.artifact_versions._file_limit_bytes = 10

    answer = await shop.api.client.post(
        f"/api/v1/artifacts/{made['id']}/versions/upload",
        files={"file": ("a.txt", b"x" * 11, "text/plain")},
        headers=shop.who.headers,
    )

    assert answer.status_code == 413
    assert await shop.get(f"/artifacts/{made['id']}/versions") == []
    assert contents(artifacts_dir) == []


async def test_allocated_file_gets_its_size_when_the_execution_ends(
    shop: Workshop, artifacts_dir: Path, database: Database
) -> None:
    made = await shop.post("/artifacts", body(shop))
    async with database.transaction() as tx:
        action = await make_action(tx)
        execution = await make_execution(tx, action, status=Status.RUNNING)

    version = await shop.post(
        f"/artifacts/{made['id']}/versions/file", {"execution": execution.id}
    )
    (artifacts_dir / version["file_path"]).write_bytes(b"written by the action")

    path = f"/artifacts/{made['id']}/versions/1"
    assert version["file_path"] == f"{made['ref'].replace('.', '/')}/v1.txt"
    assert "size_bytes" not in await shop.get(path)
    async with database.autocommit() as tx:
        await tx.attempts.end(execution.id, Status.COMPLETED, {})
    assert (await shop.get(path))["size_bytes"] == 21
    named = await shop.get(f"/executions/{execution.id}/artifacts")
    assert [a["ref"] for a in named] == [made["ref"]]


async def test_link_that_an_action_left_is_not_followed(
    shop: Workshop, artifacts_dir: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    first = await shop.post("/artifacts", body(shop))
    second = await shop.post("/artifacts", body(shop, "other"))
    version = await shop.post(f"/artifacts/{first['id']}/versions/file", {})
    (artifacts_dir / version["file_path"]).symlink_to(secret)
    other = artifacts_dir / shop.pack.ref / "other"
    other.symlink_to(tmp_path)

    read = await shop.send("GET", f"/artifacts/{first['id']}/download")
    write = await shop.send("POST", f"/artifacts/{second['id']}/versions/file", {})

    assert read.status_code == 404
    assert write.status_code == 404
    assert contents(tmp_path) == [b"of the host"]


async def test_progress_keeps_every_entry_of_many_at_once(shop: Workshop) -> None:
    made = await shop.post("/artifacts", body(shop, type="progress"))
    path = f"/artifacts/{made['id']}/progress"

    await asyncio.gather(
        *(shop.post(path, {"entry": {"percent": n}}) for n in range(30))
    )

    data = (await shop.get(f"/artifacts/{made['id']}"))["data"]
    assert sorted(entry["percent"] for entry in data) == list(range(30))
    text = await shop.post("/artifacts", body(shop, "text"))
    refused = await shop.send(
        "POST", f"/artifacts/{text['id']}/progress", {"entry": {}}
    )
    assert refused.status_code == 409


async def test_stream_of_progress_ends_with_its_execution(
    shop: Workshop, database: Database
) -> None:
    async with database.transaction() as tx:
        execution = await make_execution(
            tx, await make_action(tx), status=Status.COMPLETED
        )
    made = await shop.post("/artifacts", body(shop, type="progress"))
    await shop.post(f"/artifacts/{made['id']}/progress", {"entry": {"percent": 50}})
    async with database.transaction() as tx:
        (await tx.artifacts.lock(made["id"])).execution_id = execution.id

    answer = await shop.send("GET", f"/artifacts/{made['id']}/stream")

    assert 'event: content\nid: 1\ndata: [{"percent": 50}]' in answer.text
    assert answer.text.endswith("event: done\nid: 1\ndata: \n\n")


async def test_private_artifact_exists_for_its_owner_only(api: Api) -> None:
    shop = await make_workshop(api)
    owner = await api.person([grant("artifacts", "read", "create", "update")])
    fellow = await api.person([grant("artifacts", "read", "update", "delete")])
    mine = body(shop, "mine", scope="identity", owner=str(owner.id))

    made = (await shop.send("POST", "/artifacts", mine, who=owner)).json()["data"]

    path = f"/artifacts/{made['id']}"
    assert (await shop.send("GET", path, who=owner)).status_code == 200
    for method in ("GET", "DELETE"):
        refused = await shop.send(method, path, who=fellow)
        assert refused.status_code == 404
    listed = (await shop.send("GET", "/artifacts", who=fellow)).json()["items"]
    assert listed == []
    await shop.send("PUT", path, {"visibility": "public"}, who=owner)
    assert (await shop.send("GET", path, who=fellow)).status_code == 200


async def test_artifact_of_a_hidden_pack_is_hidden(api: Api) -> None:
    shop = await make_workshop(api)
    stranger = await api.administrator()
    pack = await make_private_pack(api, stranger)
    made = await shop.send(
        "POST",
        "/artifacts",
        body(shop, owner=pack.ref, ref=f"{pack.ref}.x"),
        who=stranger,
    )
    assert made.status_code == 201

    path = f"/artifacts/{made.json()['data']['id']}"
    assert (await shop.send("GET", path)).status_code == 404
    intruding = body(shop, owner=pack.ref, ref=f"{pack.ref}.y")
    assert (await shop.send("POST", "/artifacts", intruding)).status_code == 404


async def test_execution_changes_artifacts_of_its_own_pack_only(
    shop: Workshop, database: Database
) -> None:
    async with database.transaction() as tx:
        execution = await make_execution(tx, await make_action(tx))
    action_ref = f"{shop.pack.ref}.work"
    token = shop.api.headers(
        TokenType.EXECUTION,
        shop.who.id,
        login="execution",
        execution_id=execution.id,
        action_ref=action_ref,
        permission_set_refs=["standard"],
    )

    own = await shop.api.client.post(
        "/api/v1/artifacts",
        json=body(shop, scope="action", owner=action_ref),
        headers=token,
    )
    foreign = await shop.api.client.post(
        "/api/v1/artifacts", json=body(shop, owner="core", ref="core.x"), headers=token
    )

    assert own.status_code == 201, own.text
    assert own.json()["data"]["execution"] == execution.id
    assert foreign.status_code == 403


async def test_deleted_artifact_loses_its_files_and_its_ref_may_come_again(
    shop: Workshop, artifacts_dir: Path, database: Database
) -> None:
    ref = f"{shop.pack.ref}.again"
    first = await upload(shop, f"ref/{ref}", b"old", scope="pack", owner=shop.pack.ref)
    assert (
        await shop.send("DELETE", f"/artifacts/{first['artifact']}")
    ).status_code == 200
    again = await upload(shop, f"ref/{ref}", b"new", scope="pack", owner=shop.pack.ref)

    sweeper = ArtifactSweeper(database, ArtifactFiles(artifacts_dir))
    await sweeper.sweep()

    assert again["file_path"] == first["file_path"]
    assert (artifacts_dir / again["file_path"]).read_bytes() == b"new"
    await shop.send("DELETE", f"/artifacts/{again['artifact']}/versions/1")
    assert (await sweeper.sweep()).files == 1
    assert not (artifacts_dir / again["file_path"]).exists()
    assert (await sweeper.sweep()).is_idle


async def test_sweep_removes_what_is_too_old_and_spares_the_rest(
    shop: Workshop, artifacts_dir: Path, database: Database, sql: Any
) -> None:
    old = await shop.post(
        "/artifacts", body(shop, "old", retention_policy="hours", retention_limit=1)
    )
    kept = await shop.post(
        "/artifacts", body(shop, "kept", retention_policy="days", retention_limit=1)
    )
    await upload(shop, str(old["id"]), b"x")
    await upload(shop, str(kept["id"]), b"first")
    await upload(shop, str(kept["id"]), b"second")
    await sql.execute("ALTER TABLE attune.artifact DISABLE TRIGGER USER")
    await sql.execute(
        "UPDATE attune.artifact SET updated = now() - interval '2 hours' WHERE id = $1",
        old["id"],
    )
    await sql.execute("ALTER TABLE attune.artifact ENABLE TRIGGER USER")
    await sql.execute(
        "UPDATE attune.artifact_version SET created = now() - interval '2 days' "
        "WHERE artifact = $1 AND version = 1",
        kept["id"],
    )

    swept = await ArtifactSweeper(database, ArtifactFiles(artifacts_dir)).sweep()

    assert (swept.artifacts, swept.versions, swept.files) == (1, 1, 2)
    assert (await shop.send("GET", f"/artifacts/{old['id']}")).status_code == 404
    versions = await shop.get(f"/artifacts/{kept['id']}/versions")
    assert [v["version"] for v in versions] == [2]
    assert contents(artifacts_dir) == [b"second"]


async def test_execution_does_not_leave_its_secrets_behind(
    shop: Workshop, artifacts_dir: Path, database: Database
) -> None:
    secret = "s3cret-0f-th1s-run"
    encryption = Encryption(KEY)
    async with database.transaction() as tx:
        execution = await make_execution(tx, await make_action(tx))
        sealed = encryption.encrypt(
            json.dumps(secret), associated=secret_place(execution.id, "password")
        )
        row = {
            "execution_id": execution.id,
            "name": "password",
            "value": sealed,
            "encryption_key_hash": encryption.key_hash,
        }
        await tx.executions.insert_secrets([row])
    action_ref = f"{shop.pack.ref}.work"
    token = shop.api.headers(
        TokenType.EXECUTION,
        shop.who.id,
        login="execution",
        execution_id=execution.id,
        action_ref=action_ref,
        permission_set_refs=["standard"],
    )
    encoded = base64.b64encode(secret.encode()).decode()
    created = await shop.api.client.post(
        "/api/v1/artifacts",
        json=body(shop, scope="action", owner=action_ref, data={"a": [secret]}),
        headers=token,
    )
    path = f"/api/v1/artifacts/{created.json()['data']['id']}/versions"

    await shop.api.client.post(
        path, json={"content": {secret: f"x {encoded} y"}}, headers=token
    )
    text = f"{'-' * (1_048_576 - 9)}{secret}, {encoded}".encode()
    await shop.api.client.post(
        f"{path}/upload",
        files={"file": ("a.txt", text, "text/plain")},
        headers=token,
    )

    shown = await shop.send("GET", f"/artifacts/{created.json()['data']['id']}")
    versions = [await shop.send("GET", f"{path[7:]}/{n}") for n in (1, 2)]
    said = "".join(answer.text for answer in (shown, *versions))
    said += b"".join(contents(artifacts_dir)).decode()
    assert secret not in said
    assert encoded not in said
    assert said.count("***") == 5


async def test_api_sweeps_by_itself(
    shop: Workshop, artifacts_dir: Path, database: Database
) -> None:
    version = await upload(
        shop, f"ref/{shop.pack.ref}.gone", b"x", scope="pack", owner=shop.pack.ref
    )
    await shop.send("DELETE", f"/artifacts/{version['artifact']}")

    async def is_gone() -> bool:
        return contents(artifacts_dir) == []

    sweeper = ArtifactSweeper(database, ArtifactFiles(artifacts_dir))
    async with sweeper.sweeping(every_seconds=0.01):
        await eventually(is_gone)


async def test_worker_with_a_disk_of_its_own_brings_the_files(
    shop: Workshop, database: Database
) -> None:
    made = await shop.post("/artifacts", body(shop))
    async with database.transaction() as tx:
        action = await make_action(tx)
        execution = await make_execution(tx, action, status=Status.RUNNING)
        other = await make_execution(tx, action, status=Status.RUNNING)
    version = await shop.post(
        f"/artifacts/{made['id']}/versions/file", {"execution": execution.id}
    )
    headers = shop.api.worker()
    path = f"/internal/executions/{execution.id}/files"

    listed = await shop.api.client.get(path, headers=headers)
    foreign = await shop.api.client.post(
        f"/internal/executions/{other.id}/files/{version['id']}",
        content=b"not mine",
        headers=headers,
    )
    for _ in range(2):
        taken = await shop.api.client.post(
            f"{path}/{version['id']}", content=b"written", headers=headers
        )
        assert taken.status_code == 200

    assert listed.json()["data"] == [
        {"version_id": version["id"], "file_path": version["file_path"]}
    ]
    assert foreign.status_code == 404
    read = await shop.send("GET", f"/artifacts/{made['id']}/download")
    assert read.content == b"written"
    assert (await shop.api.client.get(path, headers=headers)).json()["data"] == []
