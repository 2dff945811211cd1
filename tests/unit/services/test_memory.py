"""What was read lately is kept, and not too long."""

from attune.services.memory import REMEMBERED, Memory


class Source:
    def __init__(self) -> None:
        self.value = 1
        self.reads = 0

    async def read(self) -> int:
        self.reads += 1
        return self.value


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_known_value_is_not_read_again() -> None:
    source, memory = Source(), Memory[int](10, Clock())
    await memory.recall("a", source.read)
    source.value = 2

    assert await memory.recall("a", source.read) == 1
    assert source.reads == 1


async def test_a_value_grows_old() -> None:
    clock = Clock()
    source, memory = Source(), Memory[int](10, clock)
    await memory.recall("a", source.read)
    source.value, clock.now = 2, 10.1

    assert await memory.recall("a", source.read) == 2


async def test_a_change_makes_it_read_again() -> None:
    source, memory = Source(), Memory[int](10, Clock())
    await memory.recall("a", source.read)
    source.value = 2
    memory.forget()

    assert await memory.recall("a", source.read) == 2


async def test_what_changes_while_it_is_read_is_not_kept() -> None:
    source, memory = Source(), Memory[int](10, Clock())

    async def read_slowly() -> int:
        value = await source.read()
        memory.forget()
        return value

    await memory.recall("a", read_slowly)
    source.value = 2

    assert await memory.recall("a", source.read) == 2


async def test_memory_is_bounded() -> None:
    source, memory = Source(), Memory[int](10, Clock())
    for number in range(REMEMBERED + 10):
        await memory.recall(number, source.read)

    assert len(memory._entries) == REMEMBERED
