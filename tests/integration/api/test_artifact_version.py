"""Versions of artifacts: numbered, uploaded, written by actions, downloaded."""

import asyncio
from pathlib import Path

import pytest

from attune.db.database import Database
from attune.domain.execution import ExecutionStatus as Status
from tests.integration.api.artifacts import artifact_body, contents, upload
from tests.integration.api.defining import Workshop, make_workshop
from tests.integration.api.people import Api
from tests.support.builders import make_action, make_execution


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """Somebody who may do everything."""
    return await make_workshop(api)


async def test_json_versions_are_numbered_and_the_oldest_go(shop: Workshop) -> None:
    made = await shop.post("/artifacts", artifact_body(shop, retention_limit=2))
    path = f"/artifacts/{made['id']}/versions"

    for number in range(4):
        await shop.post(path, {"content": {"n": number}, "meta": {"of": "test"}})

    assert [v["version"] for v in await shop.get(path)] == [4, 3]
    latest = await shop.get(f"{path}/latest")
    assert (latest["content_json"], latest["meta"]) == ({"n": 3}, {"of": "test"})
    assert (await shop.send("GET", f"{path}/1")).status_code == 404


async def test_racing_versions_get_numbers_of_their_own(shop: Workshop) -> None:
    made = await shop.post("/artifacts", artifact_body(shop, retention_limit=100))
    path = f"/artifacts/{made['id']}/versions"

    await asyncio.gather(*(shop.post(path, {"content": {"n": n}}) for n in range(20)))

    found = await shop.get(path)
    assert [v["version"] for v in found] == list(range(20, 0, -1))


async def test_upload_is_downloaded_whole_and_in_ranges(
    shop: Workshop, artifacts_dir: Path
) -> None:
    made = await shop.post("/artifacts", artifact_body(shop, content_type="text/html"))
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


@pytest.mark.parametrize(
    "form",
    [
        {"execution": "0" * 5000},
        {"retention_limit": "9" * 5000},
        {"meta": '{"a":' * 1500},
        {"meta": r'{"a": "\u0000"}'},
        {"meta": "[]"},
        {"description": "\0"},
    ],
    ids=["id", "limit", "deep", "nul in meta", "list", "nul"],
)
async def test_form_that_cannot_be_meant_is_refused(
    shop: Workshop, form: dict[str, str]
) -> None:
    answer = await shop.api.client.post(
        f"/api/v1/artifacts/ref/{shop.pack.ref}.log/versions/upload",
        files={"file": ("a.txt", b"x", "text/plain")},
        data={"scope": "pack", "owner": shop.pack.ref, **form},
        headers=shop.who.headers,
    )

    assert answer.status_code in {400, 422}


async def test_form_in_an_odd_character_set_is_no_error_of_ours(shop: Workshop) -> None:
    part = 'Content-Disposition: form-data; name="{}"'
    parts = [
        f'{part.format("file")}; filename="a.txt"\r\n\r\nx',
        f"{part.format('description')}\r\n\r\n+2AA-",
    ]
    body = "".join(f"--b\r\n{each}\r\n" for each in parts) + "--b--\r\n"
    answer = await shop.api.client.post(
        f"/api/v1/artifacts/ref/{shop.pack.ref}.log/versions/upload",
        content=body.encode(),
        headers={
            **shop.who.headers,
            "Content-Type": "multipart/form-data; boundary=b; charset=utf-7",
        },
    )

    assert 400 <= answer.status_code < 500


async def test_upload_beyond_the_limit_leaves_nothing(
    shop: Workshop, artifacts_dir: Path
) -> None:
    made = await shop.post("/artifacts", artifact_body(shop))
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
    made = await shop.post("/artifacts", artifact_body(shop))
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
    first = await shop.post("/artifacts", artifact_body(shop))
    second = await shop.post("/artifacts", artifact_body(shop, "other"))
    version = await shop.post(f"/artifacts/{first['id']}/versions/file", {})
    (artifacts_dir / version["file_path"]).symlink_to(secret)
    other = artifacts_dir / shop.pack.ref / "other"
    other.symlink_to(tmp_path)

    read = await shop.send("GET", f"/artifacts/{first['id']}/download")
    write = await shop.send("POST", f"/artifacts/{second['id']}/versions/file", {})

    assert read.status_code == 404
    assert write.status_code == 404
    assert contents(tmp_path) == [b"of the host"]


async def test_worker_with_a_disk_of_its_own_brings_the_files(
    shop: Workshop, database: Database
) -> None:
    made = await shop.post("/artifacts", artifact_body(shop))
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
