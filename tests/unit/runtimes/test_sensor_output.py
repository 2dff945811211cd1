"""What a sensor writes is masked, handed on in order, and never piles up."""

import asyncio

import pytest

from attune.domain.errors import Unavailable
from attune.runtimes import sensor_output
from attune.runtimes.sensor_output import BACKLOG_BYTES, SensorOutput
from attune.runtimes.stream import Stream
from tests.support.eventually import eventually


class Log:
    """Takes what is handed on, unless it is closed."""

    def __init__(self) -> None:
        self.content: dict[Stream, bytearray] = {s: bytearray() for s in Stream}
        self.is_closed = False

    async def take(self, stream: Stream, offset: int, content: bytes) -> None:
        if self.is_closed:
            raise Unavailable("the API is away")
        assert offset == len(self.content[stream])
        self.content[stream] += content

    @property
    def out(self) -> bytes:
        return bytes(self.content[Stream.STDOUT])


@pytest.fixture
def log() -> Log:
    return Log()


async def test_both_streams_arrive_in_order(log: Log) -> None:
    output = SensorOutput(log.take, [])
    output.take(Stream.STDOUT, b"one\n")
    output.take(Stream.STDERR, b"oh\n")
    output.take(Stream.STDOUT, b"two\n")

    await output.finish()

    assert log.out == b"one\ntwo\n"
    assert bytes(log.content[Stream.STDERR]) == b"oh\n"


async def test_it_is_handed_on_while_the_sensor_runs(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensor_output, "PAUSE_SECONDS", 0)
    output = SensorOutput(log.take, [])
    streaming = asyncio.create_task(output.run())

    output.take(Stream.STDOUT, b"one\n")
    await eventually(lambda: log.out == b"one\n")
    log.is_closed = True
    output.take(Stream.STDOUT, b"two\n")
    await asyncio.sleep(0)
    log.is_closed = False

    await eventually(lambda: log.out == b"one\ntwo\n")
    streaming.cancel()


async def test_secrets_are_masked_also_those_that_come_later(log: Log) -> None:
    output = SensorOutput(log.take, ["hunter22"])
    output.take(Stream.STDOUT, b"a hunt")
    output.take(Stream.STDOUT, b"er22 b\n")
    output.hide("second-token")

    output.take(Stream.STDOUT, b"c second-token hunter22 d\n")
    await output.finish()

    assert log.out == b"a *** b\nc *** *** d\n"


async def test_what_is_written_too_fast_is_counted(log: Log) -> None:
    output = SensorOutput(log.take, [])
    for _ in range(30):
        output.take(Stream.STDOUT, b"x" * 100_000)

    await output.finish()

    notice = f"\n[{3_000_000 - BACKLOG_BYTES} bytes were dropped]\n".encode()
    assert log.out == b"x" * BACKLOG_BYTES + notice


async def test_the_last_line_is_that_of_errors_first(log: Log) -> None:
    output = SensorOutput(log.take, ["hunter22"])
    assert output.last_line() == ""

    output.take(Stream.STDOUT, b"looking\n")
    assert output.last_line() == "looking"
    output.take(Stream.STDERR, b"no such host: hunter22\n\n")
    assert output.last_line() == "no such host: ***"


async def test_an_api_that_is_away_ends_the_last_call(log: Log) -> None:
    output = SensorOutput(log.take, [])
    output.take(Stream.STDOUT, b"lost\n")
    log.is_closed = True

    await output.finish()

    assert log.out == b""
