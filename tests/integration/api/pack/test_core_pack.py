"""The pack of the platform itself: there from the beginning, and whole."""

import asyncio
from pathlib import Path

from attune.config import Settings
from attune.services.pack.core import ensure_core_pack
from tests.integration.api.installing import get, refs_of, upload
from tests.integration.api.people import EVERYTHING, Api, Person
from tests.support.packs import WHOLE


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
