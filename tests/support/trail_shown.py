"""All that is shown to somebody: every GET there is, the live channels, the CLI."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import product

import httpx
from websockets.asyncio.client import connect

from tests.support.trail import Trail

_LIVE = re.compile(r"/stream\Z")
_NAMED = re.compile(r"\{(\w+)\}")


async def ask_every_route(trail: Trail, who: str) -> int:
    """Ask every GET of the OpenAPI document for everything there is; returns how many."""
    http = trail.person.http
    document = (await http.get("/api-spec/openapi.json")).json()
    routes = [path for path, verbs in document["paths"].items() if "get" in verbs]
    asked = 0
    for route in routes:
        if _LIVE.search(route):
            continue
        for path in await _filled(http, route):
            response = await http.get(path, params={"decrypt": "false"})
            assert response.status_code != 500, f"{path}: {response.text}"
            trail.answers.append((f"{path} as {who}", response.content))
            asked += response.is_success
    return asked


async def _filled(http: httpx.AsyncClient, route: str) -> Sequence[str]:
    names = _NAMED.findall(route)
    if not names:
        return [route]
    fixed = {
        "stream": ("stdout", "stderr"),
        "stream_name": ("stdout", "stderr"),
        "version": ("1",),
        "number": ("1",),
    }
    known = await _items(http, route[: route.index("/{")])
    first = [str(each.get("ref" if "ref" in names[0] else "id")) for each in known]
    values = [first, *(fixed.get(name, ("1",)) for name in names[1:])]
    return [_path(route, chosen) for chosen in product(*values)]


async def _items(http: httpx.AsyncClient, path: str) -> Sequence[dict[str, object]]:
    plain = path.removesuffix("/ref").removesuffix("/id")
    response = await http.get(plain, params={"per_page": 100})
    if "json" not in response.headers.get("content-type", ""):
        return []
    found = response.json() if response.is_success else []
    if isinstance(found, dict):
        found = found.get("items", found.get("data"))
    items = found if isinstance(found, list) else []
    return [each for each in items if isinstance(each, dict)]


def _path(route: str, values: Sequence[str]) -> str:
    left = iter(values)
    return _NAMED.sub(lambda _: next(left), route)


@asynccontextmanager
async def following(trail: Trail) -> AsyncIterator[None]:
    """Listen on the socket and on both streams while something happens."""
    heard: list[str] = []
    tasks = [
        asyncio.create_task(_by_socket(trail, heard)),
        *(
            asyncio.create_task(_by_stream(trail, heard, path))
            for path in ("/api/v1/executions/stream", "/api/v1/notifications/stream")
        ),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends
        trail.answers.append(("heard live", "\n".join(heard).encode()))


async def _by_socket(trail: Trail, heard: list[str]) -> None:
    url = trail.person.stack.api_url.replace("http:", "ws:") + "/ws"
    headers = {"Authorization": trail.person.http.headers["Authorization"]}
    async with connect(url, additional_headers=headers, max_size=None) as socket:
        await socket.send('{"type": "subscribe", "filter": "all"}')
        async for text in socket:
            heard += [f"socket: {text!r}"]


async def _by_stream(trail: Trail, heard: list[str], path: str) -> None:
    async with trail.person.http.stream("GET", path, timeout=None) as response:
        assert response.is_success, path
        async for line in response.aiter_lines():
            heard += [f"{path}: {line}"]


async def ask_on_command_line(trail: Trail) -> None:
    """Keep what `attune` prints of what has secrets, as people see it."""
    home = trail.gate.parent
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "ATTUNE_HOME": str(home),
        "ATTUNE_API_URL": trail.stack.api_url,
    }
    proof = {"ATTUNE_LOGIN": "admin", "ATTUNE_PASSWORD": trail.stack.admin_password}
    await _run(trail, ["login"], environment | proof)
    pack, some = trail.pack, str(trail.executions[0])
    for words in (
        ["key", "show", "system.kept_system"],
        ["--json", "execution", "show", some],
        ["execution", "logs", some],
        ["--yaml", "rule", "show", f"{pack}.second"],
        ["--json", "pack", "config", "show", pack],
        ["--json", "sensor", "show", f"{pack}.sensor"],
        ["-v", "--json", "audit", "list"],
    ):
        await _run(trail, words, environment)


async def _run(trail: Trail, words: list[str], environment: dict[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "attune", *words),
        env=environment,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, (words, err)
    trail.answers.append((f"attune {' '.join(words)}", out + err))
