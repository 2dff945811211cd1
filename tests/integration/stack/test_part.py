"""Supervision: a part is started again, waits longer each time, and stays stopped."""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from attune.domain.errors import Unavailable
from attune.stack import part as part_module
from attune.stack.child import Child, Command
from attune.stack.log_file import LogFile
from attune.stack.part import Part, PartDefinition, PartState
from tests.support.eventually import eventually

Make = Callable[..., Part]


async def always(_: Child) -> bool:
    return True


async def never(_: Child) -> bool:
    return False


@pytest.fixture
async def make_part(tmp_path: Path) -> AsyncIterator[Make]:
    parts: list[Part] = []

    def make(
        script: str,
        is_ready: Callable[[Child], Awaitable[bool]] = always,
        prepare: Callable[[], None] = lambda: None,
    ) -> Part:
        command = Command(argv=("/bin/sh", "-c", script))
        definition = PartDefinition("part", command, is_ready, 1, prepare)
        part = Part(definition, LogFile(tmp_path / f"{len(parts)}.log"))
        parts.append(part)
        return part

    yield make
    for each in parts:
        await each.stop()
        each.log.close()


async def test_killed_part_is_started_again(make_part: Make) -> None:
    part = make_part("exec sleep 60")
    await part.start()
    await part.wait_ready(5)
    first = part.pid

    part.kill(signal.SIGKILL)
    await part.wait_ready(5)

    assert part.pid not in {None, first}
    assert part.restart_count == 1
    assert part.state is PartState.READY


async def test_part_that_ends_while_starting_is_reported_with_its_log(
    make_part: Make,
) -> None:
    part = make_part("echo no database >&2; exit 4", never)
    await part.start()

    with pytest.raises(Unavailable, match=r"ended with code 4(.|\n)*no database"):
        await part.wait_ready(5)


async def test_part_that_never_works_is_reported(make_part: Make) -> None:
    part = make_part("exec sleep 60", never)
    await part.start()

    with pytest.raises(Unavailable, match="did not become ready"):
        await part.wait_ready(0.1)


async def test_stopped_part_stays_stopped_and_can_be_started(make_part: Make) -> None:
    part = make_part("exec sleep 60")
    await part.start()
    await part.wait_ready(5)
    first = part.pid
    assert first

    await part.stop()

    assert (part.pid, part.state) == (None, PartState.STOPPED)
    assert not psutil.pid_exists(first)
    await part.start()
    await part.wait_ready(5)
    assert part.restart_count == 0


async def test_part_can_be_stopped_while_it_pauses(make_part: Make) -> None:
    part = make_part("exit 0", never)
    await part.start()
    await eventually(lambda: part.state is PartState.PAUSED)

    await part.stop()

    assert part.state is PartState.STOPPED


async def test_part_can_be_stopped_right_after_its_start(make_part: Make) -> None:
    part = make_part("exec sleep 60")
    await part.start()

    await part.stop()

    assert part.pid is None


async def test_part_that_cannot_be_prepared_is_reported(make_part: Make) -> None:
    def prepare() -> None:
        raise Unavailable("no disk")

    part = make_part("exec sleep 60", prepare=prepare)
    await part.start()

    with pytest.raises(Unavailable, match="no disk"):
        await part.wait_ready(5)


async def test_part_that_worked_once_is_tried_again_when_preparing_fails(
    make_part: Make,
) -> None:
    starts = iter([None, Unavailable("disk is full"), None])

    def prepare() -> None:
        if problem := next(starts):
            raise problem

    part = make_part("exec sleep 60", prepare=prepare)
    await part.start()
    await part.wait_ready(5)

    part.kill(signal.SIGKILL)
    await part.wait_ready(5)

    assert part.restart_count == 2


def test_pauses_double_up_to_the_longest() -> None:
    pauses = part_module._pauses()

    assert [next(pauses) for _ in range(7)] == [0.5, 1, 2, 4, 8, 10, 10]
