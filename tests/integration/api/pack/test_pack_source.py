"""Where the files of a pack come from, and where workers get them."""

import asyncio
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from attune.config import Settings
from attune.domain.permission import TokenType
from attune.packs.bundle import content_hash, unpack_bundle
from attune.worker.pack_files import PackFiles
from tests.integration.api.defining import statuses
from tests.integration.api.installing import get, refs_of, upload
from tests.integration.api.pack.answers import RESPONSE
from tests.integration.api.people import Api, Person
from tests.integration.api.shapes import assert_shape
from tests.support.packs import WHOLE, pack_archive, write_pack


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
