"""When the admission loop looks: at once where it must, and no oftener."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from attune.domain.errors import Unavailable
from attune.services.admission import Look
from attune.worker import admission
from attune.worker.admission import ADMISSION, Admission
from tests.support.eventually import eventually

NEVER = 60.0


class Looks:
    """Stands in for the service and counts."""

    def __init__(self, *looks: Look | Unavailable, is_new: bool = False) -> None:
        self.looks = list(looks)
        self.is_new = is_new
        self.asked = 0
        self.freed = 0
        self.count = 0

    async def is_anything_new(self) -> bool:
        self.asked += 1
        return self.is_new

    async def admit(self) -> Look:
        self.count += 1
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, Unavailable):
            raise look
        return look

    async def free_stranded(self) -> None:
        self.freed += 1

    async def seen(self, count: int) -> None:
        await eventually(lambda: self.count >= count, seconds=5)


@asynccontextmanager
async def running(looks: Looks) -> AsyncIterator[Admission]:
    made = Admission(looks, look_seconds=NEVER)  # type: ignore[arg-type]  # it has the methods
    task = asyncio.create_task(made.run())
    await looks.seen(1)
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def settled(looks: Looks) -> int:
    """Return how often it looked once it has had every chance to look again."""
    for _ in range(20):
        await asyncio.sleep(0)
    return looks.count


async def test_it_looks_when_it_begins_and_then_rests() -> None:
    looks = Looks(Look())

    async with running(looks):
        assert await settled(looks) == 1
        assert looks.freed == 1


@pytest.mark.parametrize(
    ("word", "is_new", "expected"),
    [(ADMISSION, False, 2), ("", True, 2), ("", False, 1)],
    ids=["a policy changed", "something new", "something free"],
)
async def test_a_word_makes_it_look_if_there_is_something_to_see(
    word: str, expected: int, *, is_new: bool
) -> None:
    looks = Looks(Look(), is_new=is_new)

    async with running(looks) as made:
        await settled(looks)
        made.wake(word)
        await eventually(lambda: looks.asked or looks.count == expected)
        await looks.seen(expected)

        assert await settled(looks) == expected


async def test_where_nothing_is_limited_what_is_requested_costs_nothing() -> None:
    looks = Looks(Look(is_anything_limited=False), is_new=True)

    async with running(looks) as made:
        await settled(looks)
        made.wake("")

        assert (await settled(looks), looks.asked) == (1, 0)


@pytest.mark.parametrize(
    "first",
    [
        Look(was_busy=True),
        Look(has_more=True),
        Look(waits=True, room_in_seconds=0.01),
        Look(waits=True, room_in_seconds=-1),
        Unavailable("gone"),
    ],
    ids=["busy", "more", "room soon", "room already", "unavailable"],
)
async def test_it_looks_again_by_itself(
    first: Look | Unavailable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "PAUSE_SECONDS", 0.01)
    looks = Looks(first, Look())

    async with running(looks):
        await looks.seen(2)

        assert await settled(looks) == 2


async def test_while_something_waits_it_looks_every_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission, "WAITING_SECONDS", 0.02)
    looks = Looks(Look(waits=True))

    async with running(looks):
        await looks.seen(4)

    assert looks.freed == 1
