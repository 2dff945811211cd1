"""What an action wrote on a worker's own disk is sent once, and then removed there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from attune.artifacts.files import ArtifactFiles
from attune.worker.api_client import WorkerApi, open_api
from attune.worker.written_files import WrittenFiles


class Api:
    """Awaits three files of execution 7, and fails the first try to send one."""

    def __init__(self) -> None:
        self.taken: dict[int, bytes] = {}
        self.tries = 0

    async def awaited(self, _: web.Request) -> web.Response:
        paths = ["a/b/v1.txt", "a/missing/v1.txt", "a/link/v1.txt"]
        listed = [{"version_id": n, "file_path": p} for n, p in enumerate(paths, 1)]
        return web.json_response({"data": listed})

    async def take(self, request: web.Request) -> web.Response:
        self.tries += 1
        content = await request.read()
        if self.tries == 1:
            return web.json_response({"error": "later"}, status=503)
        self.taken[int(request.match_info["version"])] = content
        return web.json_response({"success": True})


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
async def line(api: Api) -> AsyncIterator[WorkerApi]:
    """A worker's line to that API."""
    app = web.Application()
    app.router.add_get("/internal/executions/7/files", api.awaited)
    app.router.add_post("/internal/executions/7/files/{version}", api.take)
    async with (
        TestServer(app) as server,
        open_api(str(server.make_url("/")), 2) as line,
    ):
        line.use_token("token")
        yield line


async def test_written_files_are_sent_until_they_are_taken(
    api: Api, line: WorkerApi, tmp_path: Path
) -> None:
    files = ArtifactFiles(tmp_path)
    files.make_room("a/b/v1.txt")
    files.make_room("a/link/v1.txt")
    (tmp_path / "a/b/v1.txt").write_bytes(b"content")
    (tmp_path / "a/link/v1.txt").symlink_to("/etc/hostname")

    await WrittenFiles(line, files, are_shared=False).send(7)

    assert api.taken == {1: b"content"}
    assert api.tries == 2
    assert files.size("a/b/v1.txt") is None


async def test_shared_directory_needs_no_sending(
    api: Api, line: WorkerApi, tmp_path: Path
) -> None:
    await WrittenFiles(line, ArtifactFiles(tmp_path), are_shared=True).send(7)

    assert api.tries == 0
