"""Sensors on a whole stack with two workers: the published SDK, failures, a lost worker."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from attune.cli.pack_archive import pack_archive
from attune.stack.stack import Stack
from tests.support.api import Person
from tests.support.eventually import eventually
from tests.support.survivors import new_mark, survivors

WATCH = Path(__file__).parents[2] / "examples" / "packs" / "watch"
SETTINGS = {
    "ATTUNE__SENSORS__FIRST_PAUSE_SECONDS": "0.5",
    "ATTUNE__SENSORS__LONGEST_PAUSE_SECONDS": "1",
    "ATTUNE__SECURITY__SENSOR_TOKEN_SECONDS": "40",
}
BUILT_SECONDS = 120
"""For an environment with the SDK, on a machine with other things to do."""

ASKING = """
import attune


class Asking(attune.AsyncPollingSensor):
    async def poll(self, rule):
        await self.async_emit({"name": f"asked of {rule.rule_ref}"}, rule=rule)


attune.run_sensor(Asking)
"""
MARK = new_mark()
LEDGER = """
trap 'echo "end $$" >> "$ATTUNE_ARTIFACTS_DIR/ledger"; exit 0' TERM
echo "start $$" >> "$ATTUNE_ARTIFACTS_DIR/ledger"
setsid sleep MARK &
while :; do
    echo "alive $$" >> "$ATTUNE_ARTIFACTS_DIR/ledger"
    sleep 0.1
done
""".replace("MARK", MARK)


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[Stack]:
    """Two workers, and sensors that do not rest for long."""
    with TemporaryDirectory(prefix="attune-sensors-") as directory:
        async with Stack(
            Path(directory), worker_count=2, environment={**os.environ, **SETTINGS}
        ) as running:
            yield running


async def make_rule(
    person: Person, ref: str, trigger: str, action: str, **params: Any
) -> None:
    await person.post(
        "/api/v1/rules",
        {
            "ref": ref,
            "label": "Rule",
            "pack_ref": ref.partition(".")[0],
            "trigger_ref": trigger,
            "action_ref": action,
            "trigger_params": params,
            "action_params": {"message": "{{ event.payload.name }}"},
        },
    )


async def make_shell_sensor(person: Person, pack: str, code: str) -> str:
    """Make a pack with a sensor of shell code and a rule that needs it."""
    await person.make_pack(pack)
    trigger = {"ref": f"{pack}.fired", "label": "Fired", "pack_ref": pack}
    await person.post("/api/v1/triggers", trigger)
    sensor = {
        "ref": f"{pack}.watch",
        "label": "Watch",
        "pack_ref": pack,
        "entrypoint": code,
        "runtime_ref": "core.shell",
        "trigger_ref": f"{pack}.fired",
    }
    await person.post("/api/v1/sensors", sensor)
    await make_rule(person, f"{pack}.rule", f"{pack}.fired", "core.noop")
    return f"{pack}.watch"


async def upload(person: Person, pack: Path) -> None:
    with pack_archive(pack) as file:
        answer = await person.http.post("/api/v1/packs/upload", files={"pack": file})
    assert answer.status_code == 201, answer.text
    assert answer.json()["data"]["warnings"] == []


async def sensor(person: Person, ref: str) -> dict[str, Any]:
    found: dict[str, Any] = (await person.get(f"/api/v1/sensors/{ref}"))["data"]
    return found


async def is_in_state(
    person: Person, ref: str, state: str, seconds: float = 30
) -> dict[str, Any]:
    """Wait until the sensor stands there; the whole of it comes back."""
    last: dict[str, Any] = {}

    async def stands() -> bool:
        nonlocal last
        last = await sensor(person, ref)
        return bool(last["state"] == state)

    try:
        await eventually(stands, seconds=seconds)
    except AssertionError:
        raise AssertionError(f"stays {last}") from None
    return last


async def log(person: Person, ref: str, stream: str) -> str:
    answer = await person.http.get(f"/api/v1/sensors/{ref}/logs/{stream}")
    assert answer.is_success, answer.text
    return answer.text


async def has_logged(person: Person, ref: str, text: str, seconds: float = 60) -> None:
    async def logged() -> bool:
        return text in await log(person, ref, "stderr")

    try:
        await eventually(logged, seconds=seconds)
    except AssertionError:
        said = await log(person, ref, "stderr")
        raise AssertionError(f"never said {text}:\n{said[-5000:]}") from None


async def has_run(person: Person, rule: str, message: str, seconds: float = 30) -> None:
    """Wait until the rule has executed its action for this file."""

    async def ran() -> bool:
        found = await person.executions_of(rule)
        runs = [await person.execution(each["id"]) for each in found]
        return any(each["config"].get("message") == message for each in runs)

    await eventually(ran, seconds=seconds)


@pytest.mark.timeout(400)
async def test_a_sensor_of_the_published_sdk(person: Person, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    await upload(person, WATCH)
    assert (await sensor(person, "watch.directory"))["state"] == "stopped"

    trigger = "watch.file_changed"
    await make_rule(person, "watch.one", trigger, "core.echo", path=str(first))
    running = await is_in_state(person, "watch.directory", "running", BUILT_SECONDS)
    await has_logged(person, "watch.directory", f"Watching {first}", BUILT_SECONDS)
    (first / "a.txt").write_text("a")
    await has_run(person, "watch.one", "a.txt")
    assert running["worker_name"] in {"worker", "worker-2"}

    # A rule that is made while it runs reaches it over the socket.
    await has_logged(person, "watch.directory", "Notifier connected")
    await make_rule(person, "watch.two", trigger, "core.echo", path=str(second))
    await has_logged(person, "watch.directory", f"Watching {second}")
    (second / "b.txt").write_text("b")
    await has_run(person, "watch.two", "b.txt")

    # So does one that is switched off: what the other sees comes later, and alone.
    await person.post("/api/v1/rules/watch.two/disable")
    await has_run_no_more(person, first, second)

    # Half-way through the life of its token it is given the next one.
    await has_logged(person, "watch.directory", "token rotated", seconds=60)
    (first / "later.txt").write_text("later")
    await has_run(person, "watch.one", "later.txt")
    assert (await sensor(person, "watch.directory"))["start_count"] == 1

    # Nothing needs it any more.
    await person.post("/api/v1/rules/watch.one/disable")
    await is_in_state(person, "watch.directory", "stopped")


@pytest.mark.timeout(400)
async def test_sensors_that_poll(person: Person) -> None:
    if "watch" not in await packs(person):
        await upload(person, WATCH)
    trigger = {"ref": "watch.asked", "label": "Asked", "pack_ref": "watch"}
    await person.post("/api/v1/triggers", trigger)
    sensor = {
        "ref": "watch.asking",
        "label": "Asking",
        "pack_ref": "watch",
        "entrypoint": ASKING,
        "runtime_ref": "core.python",
        "trigger_ref": "watch.asked",
    }
    await person.post("/api/v1/sensors", sensor)
    await make_rule(person, "watch.ask", "watch.asked", "core.echo", interval=0.2)
    await is_in_state(person, "watch.asking", "running", BUILT_SECONDS)
    async with page() as (url, say):
        await make_rule(
            person, "watch.page", "watch.page_changed", "core.noop", url=url, interval=1
        )
        await has_logged(person, "watch.page", url, BUILT_SECONDS)
        say("something else")
        await has_told(person, "watch.page", "content")
    await has_told(person, "watch.page", "unreachable")
    await has_run(person, "watch.ask", "asked of watch.ask")

    for rule in ("watch.ask", "watch.page"):
        await person.post(f"/api/v1/rules/{rule}/disable")
    for ref in ("watch.asking", "watch.page"):
        await is_in_state(person, ref, "stopped")


async def packs(person: Person) -> set[str]:
    found = (await person.get("/api/v1/packs", page_size=100))["items"]
    return {each["ref"] for each in found}


@asynccontextmanager
async def page() -> AsyncIterator[tuple[str, Callable[[str], None]]]:
    """Serve a page; yields its address, and what changes it."""
    said = ["at first"]

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        text = said[-1].encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + text)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"http://127.0.0.1:{port}/", said.append


async def has_told(person: Person, rule: str, what: str) -> None:
    """Wait until the page's sensor has told this of the rule's address."""

    async def told() -> bool:
        events = (await person.get("/api/v1/events", rule_ref=rule))["items"]
        found = [await person.get(f"/api/v1/events/{each['id']}") for each in events]
        return what in {each["data"]["payload"]["what"] for each in found}

    await eventually(told, seconds=30)


async def has_run_no_more(person: Person, first: Path, second: Path) -> None:
    """Wait until files in the second directory start nothing, unlike in the first."""
    count = 0

    async def is_off() -> bool:
        nonlocal count
        count += 1
        (second / f"off-{count}.txt").write_text("off")
        (first / f"on-{count}.txt").write_text("on")
        await has_run(person, "watch.one", f"on-{count}.txt")
        events = (await person.get("/api/v1/events", rule_ref="watch.two"))["items"]
        told = [await person.get(f"/api/v1/events/{each['id']}") for each in events]
        names = {each["data"]["payload"]["name"] for each in told}
        return f"off-{count}.txt" not in names

    await eventually(is_off, seconds=30)


@pytest.mark.timeout(180)
async def test_a_sensor_that_fails_rests_and_alerts(person: Person) -> None:
    ref = await make_shell_sensor(person, "broken", 'echo "no such host" >&2; exit 3')

    async def has_alerted() -> bool:
        alerts = (await person.get("/api/v1/events", trigger_ref="core.alert"))["items"]
        told = [await person.get(f"/api/v1/events/{each['id']}") for each in alerts]
        return any(e["data"]["payload"]["component_ref"] == ref for e in told)

    await eventually(has_alerted, seconds=60)
    shown = await is_in_state(person, ref, "waiting")
    assert shown["failure_count"] >= 3
    assert shown["last_error"] == "ended with code 3: no such host"
    assert shown["state_reason"] == "it failed, and rests before it starts again"

    await person.post(f"/api/v1/sensors/{ref}/disable")
    await is_in_state(person, ref, "stopped")
    assert (await log(person, ref, "stderr")).count("no such host") >= 3


@pytest.mark.timeout(240)
async def test_a_sensor_moves_when_its_worker_is_killed(
    stack: Stack, person: Person
) -> None:
    ledger = stack.directory.artifacts / "ledger"
    ref = await make_shell_sensor(person, "moving", LEDGER)
    before = await is_in_state(person, ref, "running")
    await eventually(ledger.exists)

    stack.kill(before["worker_name"])

    async def has_moved() -> bool:
        now = await sensor(person, ref)
        return bool(now["state"] == "running" and now["start_count"] == 2)

    await eventually(has_moved, seconds=60)
    await eventually(lambda: _processes(ledger)[1:])
    await asyncio.gather(*(stack.wait_ready(name) for name in ("worker", "worker-2")))
    _check_one_at_a_time(ledger)
    assert len(survivors(MARK)) == 1

    # An orderly end hands it over at once.
    now = await sensor(person, ref)
    await stack.stop(now["worker_name"])
    await eventually(lambda: _processes(ledger)[2:], seconds=30)
    await stack.start(now["worker_name"])
    _check_one_at_a_time(ledger)
    assert f"end {_processes(ledger)[1]}" in ledger.read_text()

    await person.post(f"/api/v1/rules/{ref.partition('.')[0]}.rule/disable")
    await is_in_state(person, ref, "stopped")
    assert (await sensor(person, ref))["failure_count"] == 0
    assert not survivors(MARK)


def _processes(ledger: Path) -> list[str]:
    """Return the processes that ever began, in their order."""
    words = [line.split() for line in ledger.read_text().splitlines()]
    return [word[1] for word in words if word[0] == "start"]


def _check_one_at_a_time(ledger: Path) -> None:
    """Nobody writes any more once the next one has begun."""
    present = ""
    for line in ledger.read_text().splitlines():
        what, process = line.split()
        present = process if what == "start" else present
        assert process == present, f"{process} writes beside {present}"
