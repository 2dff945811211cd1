"""A sensor from its launch to its end, as a worker runs it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from attune.domain.json import JsonObject
from attune.runtimes.sensor import SensorControl, SensorExit, SensorTies
from attune.runtimes.sensor_launch import SensorLaunch, SensorToken
from attune.runtimes.sensor_output import SensorOutput
from attune.runtimes.sensor_variables import SensorPlaces
from attune.runtimes.stream import Stream
from tests.integration.runtimes.launches import NATIVE, PYTHON, SHELL, Bench, runtime
from tests.integration.runtimes.processes import MARK, eventually, marked, new_mark

ROTATE_SECONDS = 0.2


def token(text: str, renew_in_seconds: float = 3600) -> SensorToken:
    ends = datetime(2026, 1, 1, tzinfo=UTC)
    return SensorToken(token=text, expires_at=ends, renew_in_seconds=renew_in_seconds)


def launch(how: JsonObject, entrypoint: str, **fields: Any) -> SensorLaunch:
    return SensorLaunch.model_validate(
        {
            "sensor_id": 3,
            "sensor_ref": "demo.watch",
            "generation": 7,
            "pack_ref": "demo",
            "entrypoint": entrypoint,
            "runtime": runtime("test", how),
            "trigger_refs": ["demo.fired"],
            "token": token("first-token"),
            **fields,
        }
    )


class Watch:
    """A sensor that runs, and what it wrote."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.content = dict.fromkeys(Stream, b"")
        self.control = SensorControl()
        self.renewed = 0

    @property
    def out(self) -> str:
        return self.content[Stream.STDOUT].decode()

    async def run(self, sensor: SensorLaunch) -> SensorExit:
        """Run it to its end, whatever it writes."""
        output = SensorOutput(self._take, [sensor.token.token])
        streaming = asyncio.create_task(output.run())
        places = SensorPlaces(
            api_url="http://127.0.0.1:1",
            notifier_ws_url="ws://127.0.0.1:1/ws",
            allow_insecure_notifier_ws=False,
            artifacts_dir=self._bench.state_dir,
            runtime_envs_dir=self._bench.envs_dir,
            grace_seconds=0.5,
        )
        ties = SensorTies(output=output, renew=self._renew, control=self.control)
        try:
            async with asyncio.timeout(60):
                return await self._bench.launcher.sensors.run(
                    sensor, self._bench.pack_dir, places, ties
                )
        finally:
            streaming.cancel()
            await output.finish()

    @asynccontextmanager
    async def running(self, sensor: SensorLaunch) -> AsyncIterator["asyncio.Task[Any]"]:
        """Run it beside the block, once it has written something."""
        task = asyncio.create_task(self.run(sensor))
        await eventually(lambda: bool(self.out) or task.done())
        assert not task.done(), task.result()
        yield task

    async def _take(self, stream: Stream, offset: int, content: bytes) -> None:
        del offset
        self.content[stream] += content

    async def _renew(self) -> SensorToken:
        self.renewed += 1
        return token(f"token-{self.renewed}", ROTATE_SECONDS)


@pytest.fixture
def watch(bench: Bench) -> Watch:
    (bench.pack_dir / "sensors").mkdir()
    return Watch(bench)


def write(bench: Bench, name: str, content: str) -> str:
    (bench.pack_dir / "sensors" / name).write_text(content)
    return name


async def test_a_file_of_the_pack_runs_with_a_clean_environment(
    bench: Bench, watch: Watch
) -> None:
    script = "import json, os, sys; print(json.dumps([dict(os.environ), sys.stdin.read(), os.getcwd()]))"
    entry = write(bench, "watch.py", script)

    exit_ = await watch.run(launch(PYTHON, entry, config={"depth": 3}))

    environment, stdin, directory = json.loads(watch.out)
    assert (stdin, directory) == ("", str(bench.pack_dir))
    assert "canary" not in environment.values()
    assert environment["ATTUNE_SENSOR_REF"] == "demo.watch"
    assert environment["ATTUNE_SENSOR_CONFIG_DEPTH"] == "3"
    assert environment["ATTUNE_API_TOKEN"] == "***"
    assert exit_.error is not None
    assert exit_.error.startswith("ended by itself, with code 0")


async def test_a_sensor_that_fails_says_how(watch: Watch) -> None:
    exit_ = await watch.run(launch(SHELL, "echo no such host >&2; exit 3"))

    assert exit_.error == "ended with code 3: no such host"


async def test_a_sensor_that_is_killed_says_by_what(watch: Watch) -> None:
    exit_ = await watch.run(launch(SHELL, "kill -SEGV $$"))

    assert exit_.error == "ended by signal 11"


@pytest.mark.parametrize(
    ("config", "entrypoint"), [(PYTHON, "gone.py"), (NATIVE, "gone")]
)
async def test_a_file_that_is_not_there_is_told(
    watch: Watch, config: JsonObject, entrypoint: str
) -> None:
    exit_ = await watch.run(launch(config, entrypoint))

    assert exit_.error == f"pack demo has no file sensors/{entrypoint}"


async def test_a_sensor_that_is_asked_ends_in_its_own_way(watch: Watch) -> None:
    code = 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done'
    async with watch.running(launch(SHELL, code)) as task:
        watch.control.end()
        exit_ = await task

    assert exit_ == SensorExit()
    assert watch.out == "up\nbye\n"


async def test_a_sensor_that_will_not_end_is_killed_with_all_it_started(
    watch: Watch,
) -> None:
    mark = new_mark()
    code = (
        f'trap "" TERM; export {MARK}={mark}; setsid sleep 1000 & echo up; '
        "while :; do sleep 0.05; done"
    )
    async with watch.running(launch(SHELL, code)) as task:
        assert marked(mark)
        watch.control.end()
        await task

    assert not marked(mark)


async def test_a_sensor_whose_place_is_taken_is_not_asked(watch: Watch) -> None:
    code = 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done'
    async with watch.running(launch(SHELL, code)) as task:
        watch.control.destroy()
        exit_ = await task

    assert exit_ == SensorExit()
    assert watch.out == "up\n"


async def test_a_sensor_lives_as_long_as_its_lease(watch: Watch) -> None:
    clock = asyncio.get_running_loop().time
    code = 'trap "" TERM; echo up; while :; do sleep 0.05; done'
    watch.control.lease(clock() + 30)
    async with watch.running(launch(SHELL, code)) as task:
        watch.control.lease(clock() + 0.2)
        exit_ = await task

    assert exit_.error == "ended by signal 9: up"


async def test_tokens_follow_each_other_in_the_state_file(watch: Watch) -> None:
    code = (
        'while :; do cat "$ATTUNE_SENSOR_TOKEN_STATE_PATH" | cut -c1-40; '
        "stat -c %a $ATTUNE_SENSOR_TOKEN_STATE_PATH; sleep 0.05; done"
    )
    sensor = launch(SHELL, code, token=token("first-token", ROTATE_SECONDS))
    async with watch.running(sensor) as task:
        await eventually(lambda: watch.renewed >= 2)
        watch.control.end()
        await task

    lines = set(watch.out.splitlines())
    assert "600" in lines
    # Whole, at any moment, and no token is in the log.
    assert {line[:10] for line in lines - {"600"}} == {'{"token": '}
    assert "token-1" not in watch.out
    assert "first-token" not in watch.out


async def test_nothing_is_left_of_a_sensor(bench: Bench, watch: Watch) -> None:
    await watch.run(launch(SHELL, 'touch "$TMPDIR/file"; exit 1'))

    assert bench.left_behind() == []
