"""Artifacts that are deleted or too old go, and their files with them."""

from pathlib import Path
from typing import Any

import pytest

from attune.artifacts.files import ArtifactFiles
from attune.db.database import Database
from attune.services.artifact.sweep import ArtifactSweeper
from tests.integration.api.artifacts import artifact_body, contents, upload
from tests.integration.api.defining import Workshop, make_workshop
from tests.integration.api.people import Api
from tests.support.eventually import eventually


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """Somebody who may do everything."""
    return await make_workshop(api)


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
        "/artifacts",
        artifact_body(shop, "old", retention_policy="hours", retention_limit=1),
    )
    kept = await shop.post(
        "/artifacts",
        artifact_body(shop, "kept", retention_policy="days", retention_limit=1),
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
