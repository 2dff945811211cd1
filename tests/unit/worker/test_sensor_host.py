"""A worker that hosts sensors: its limit, what it is told to end, and its fence."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from attune.domain.errors import Unavailable
from attune.messages.sensor import SensorOutcome, SensorRun
from attune.runtimes.sensor import SensorExit, SensorTies
from attune.runtimes.sensor_launch import (
    HostedSensor,
    SensorEnd,
    SensorOrders,
    SensorStart,
)
from attune.worker import sensor_host
from attune.worker.api_client import Refused
from attune.worker.sensor_host import Host
from tests.support.eventually import eventually
from tests.unit.runtimes.test_sensor_variables import PLACES, launch


class FakeApi:
    """Plays the API: gives launches, and says what to end."""

    def __init__(self) -> None:
        self.orders = SensorOrders(stop=[], kill=[])
        self.ends: list[SensorEnd] = []
        self.beats: list[Sequence[HostedSensor]] = []
        self.is_away = False
        self.refuses = False
        self.is_slow = False

    async def start(self, ref: str, start: SensorStart) -> Any:
        if self.refuses:
            raise Refused(409, {})
        if self.is_slow:
            await asyncio.Event().wait()
        return launch(sensor_ref=ref, generation=start.generation)

    async def beat(self, hosted: Sequence[HostedSensor]) -> SensorOrders:
        if self.is_away:
            raise Unavailable("away")
        self.beats.append(hosted)
        return self.orders

    async def renew(self, hosted: HostedSensor) -> Any:
        raise Refused(409, {"ref": hosted.ref})

    async def append_log(self, *words: Any) -> None:
        del words

    async def end(self, ref: str, end: SensorEnd) -> None:
        del ref
        self.ends.append(end)


class FakeLauncher:
    """Plays the machine: each sensor runs until it is asked to end, or fails."""

    def __init__(self) -> None:
        self.ties: list[SensorTies] = []
        self.error: str | None = None

    async def run(
        self, sensor: Any, pack_dir: Path, places: Any, ties: SensorTies
    ) -> SensorExit:
        del sensor, pack_dir, places
        self.ties.append(ties)
        if self.error is None:
            await ties.control.stop.wait()
        return SensorExit(self.error)


class FakePacks:
    async def directory(self, pack_ref: str, content_hash: str | None) -> Path:
        del content_hash
        return Path(pack_ref)


class Bench:
    """A host on fakes, in contact with its API while a block lasts."""

    def __init__(self, limit: int = 2) -> None:
        self.api = FakeApi()
        self.launcher = FakeLauncher()
        api, launcher, packs = (
            cast_any(each) for each in (self.api, self.launcher, FakePacks())
        )
        self.host = Host(api, launcher, packs, PLACES, limit=limit)

    def start(self, ref: str = "a.one") -> "asyncio.Task[SensorOutcome]":
        return asyncio.create_task(
            self.host.run(SensorRun(sensor_ref=ref, generation=7))
        )

    async def running(self, ref: str = "a.one") -> "asyncio.Task[SensorOutcome]":
        before = len(self.launcher.ties)
        task = self.start(ref)
        await eventually(lambda: len(self.launcher.ties) > before)
        return task


def cast_any(value: object) -> Any:
    return value


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensor_host, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(sensor_host, "FENCE_SECONDS", 0.1)


async def test_what_is_beyond_the_limit_is_declined() -> None:
    bench = Bench(limit=1)
    first = await bench.running()

    assert not bench.host.has_room
    assert (await bench.start("a.two")).declined
    bench.launcher.ties[0].control.end()
    assert not (await first).declined
    assert bench.host.has_room


async def test_the_same_sensor_is_never_hosted_twice() -> None:
    bench = Bench()
    first = await bench.running()

    assert (await bench.start()).declined
    bench.launcher.ties[0].control.end()
    await first


async def test_a_start_that_is_refused_runs_nothing() -> None:
    bench = Bench()
    bench.api.refuses = True

    assert not (await bench.start()).declined
    assert bench.launcher.ties == []
    assert bench.api.ends == []


@pytest.mark.parametrize("order", ["stop", "kill"])
async def test_what_the_api_orders_is_ended(order: str) -> None:
    bench = Bench()
    contact = asyncio.create_task(bench.host.keep_contact())
    task = await bench.running()
    await eventually(lambda: bench.api.beats)

    bench.api.orders = SensorOrders.model_validate(
        {"stop": [], "kill": [], order: ["a.one", "a.unknown"]}
    )

    await task
    assert bench.launcher.ties[0].control.kill.is_set() is (order == "kill")
    assert [end.reason for end in bench.api.ends] == ["stopped"]
    contact.cancel()


async def test_without_contact_everything_is_killed() -> None:
    bench = Bench()
    contact = asyncio.create_task(bench.host.keep_contact())
    tasks = [await bench.running(ref) for ref in ("a.one", "a.two")]

    bench.api.is_away = True

    await asyncio.gather(*tasks)
    assert all(ties.control.kill.is_set() for ties in bench.launcher.ties)
    contact.cancel()


async def test_each_beat_that_is_heard_leases_the_processes_anew() -> None:
    bench = Bench()
    task = await bench.running()
    first = bench.launcher.ties[0].control.leased_until
    assert first is not None
    contact = asyncio.create_task(bench.host.keep_contact())

    def is_later() -> bool:
        until = bench.launcher.ties[0].control.leased_until
        return until is not None and until > first

    await eventually(is_later)
    contact.cancel()
    bench.launcher.ties[0].control.end()
    await task


async def test_a_sensor_that_has_not_started_is_not_spoken_of() -> None:
    bench = Bench()
    bench.api.is_slow = True
    task = bench.start()
    contact = asyncio.create_task(bench.host.keep_contact())

    await asyncio.sleep(0.05)

    assert bench.api.beats == []
    contact.cancel()
    task.cancel()


async def test_a_failure_is_told_with_its_reason() -> None:
    bench = Bench()
    bench.launcher.error = "ended with code 1"

    await bench.start()

    [end] = bench.api.ends
    assert (end.reason, end.error, end.generation) == ("failed", "ended with code 1", 7)


async def test_whatever_a_failure_says_can_be_told() -> None:
    bench = Bench()
    bench.launcher.error = "a\0b" + "x" * 100_000

    await bench.start()

    [end] = bench.api.ends
    assert end.error is not None
    assert end.error.startswith("abxx")
    assert len(end.error) < 10_000
