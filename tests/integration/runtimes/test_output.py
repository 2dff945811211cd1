"""Output of any kind and size is taken without making the process wait."""

import asyncio
import time
from itertools import pairwise

from attune.domain.errors import Unavailable
from attune.runtimes.masking import Masking
from attune.runtimes.output import OutputCapture
from attune.runtimes.process import Supervisor
from attune.runtimes.stream import Stream
from tests.integration.runtimes.processes import eventually, run, start


class Collected:
    """A sink that remembers, and can be slow or refuse."""

    def __init__(self, *, pause: float = 0, refusals: int = 0) -> None:
        self.content = {stream: bytearray() for stream in Stream}
        self.calls: list[float] = []
        self._pause = pause
        self._refusals = refusals

    async def __call__(self, stream: Stream, offset: int, content: bytes) -> None:
        self.calls.append(time.monotonic())
        await asyncio.sleep(self._pause)
        if self._refusals:
            self._refusals -= 1
            raise Unavailable("not now")
        assert offset == len(self.content[stream])
        self.content[stream] += content


async def test_million_lines_are_cut_with_a_notice(supervisor: Supervisor) -> None:
    capture = OutputCapture(limit=1_000_000)

    ran = await run(supervisor, "seq", "1000000", capture=capture)

    kept = (await capture.finish())[Stream.STDOUT]
    assert ran.exit.code == 0
    assert kept.dropped_bytes == 5_888_896
    assert kept.content.startswith(b"1\n2\n")
    assert kept.content.endswith(b"\n[OUTPUT TRUNCATED: stdout exceeded size limit]\n")


async def test_million_lines_fit_the_default_limit(supervisor: Supervisor) -> None:
    ran = await run(supervisor, "seq", "1000000")

    assert len(ran.stdout) == 6_888_896


async def test_endless_writer_without_newline_is_drained(
    supervisor: Supervisor,
) -> None:
    script = "head -c 300000000 /dev/zero; echo err >&2; exit 5"
    capture = OutputCapture(limit=100_000)

    ran = await run(supervisor, "sh", "-c", script, capture=capture)

    kept = (await capture.finish())[Stream.STDOUT]
    assert (ran.exit.code, ran.stderr) == (5, b"err\n")
    assert kept.dropped_bytes == 300_000_000 - 100_000
    assert kept.content.startswith(bytes(100_000))


async def test_binary_output_is_kept_as_it_is(supervisor: Supervisor) -> None:
    ran = await run(supervisor, "printf", r"\000\377\001\033[31m\n\000")

    assert ran.stdout == b"\x00\xff\x01\x1b[31m\n\x00"


async def test_output_streams_while_the_process_runs(supervisor: Supervisor) -> None:
    sink = Collected()
    script = "echo one; echo err >&2; read -r line"
    capture = OutputCapture(sink)

    started = await start(
        supervisor, "bash", "-c", script + "; sleep 600", capture=capture
    )
    await eventually(lambda: bool(sink.content[Stream.STDOUT]), of="streaming")
    await eventually(lambda: bool(sink.content[Stream.STDERR]), of="streaming")

    assert not started.process.has_ended
    started.process.kill()
    await started.end()
    assert sink.content[Stream.STDOUT] == b"one\n"
    assert sink.content[Stream.STDERR] == b"err\n"


async def test_short_process_costs_no_sink_call(supervisor: Supervisor) -> None:
    sink = Collected()
    capture = OutputCapture(sink)

    await run(supervisor, "echo", "hello", capture=capture)

    kept = (await capture.finish())[Stream.STDOUT]
    assert sink.calls == []
    assert kept.unstreamed == b"hello\n"


async def test_small_writes_are_batched(supervisor: Supervisor) -> None:
    sink = Collected()
    script = "for i in $(seq 100); do echo $i; sleep 0.01; done"

    await run(supervisor, "bash", "-c", script, capture=OutputCapture(sink))

    pauses = [later - call for call, later in pairwise(sink.calls)]
    assert len(sink.calls) < 50
    assert all(pause > 0.15 for pause in pauses)


async def test_slow_sink_does_not_slow_the_process(supervisor: Supervisor) -> None:
    sink = Collected(pause=60)
    capture = OutputCapture(sink)
    began_at = time.monotonic()

    started = await start(supervisor, "sh", "-c", "seq 500000; sleep 0.3; exit 7",
                          capture=capture)  # fmt: skip
    exit_ = await started.process.wait()

    assert exit_.code == 7
    assert time.monotonic() - began_at < 30
    kept = (await capture.finish())[Stream.STDOUT]
    assert kept.streamed_bytes == 0
    assert len(kept.unstreamed) == 3_388_895


async def test_refused_content_is_offered_again(supervisor: Supervisor) -> None:
    sink = Collected(refusals=2)
    capture = OutputCapture(sink)

    started = await start(
        supervisor, "sh", "-c", "echo hello; sleep 600", capture=capture
    )
    await eventually(lambda: bool(sink.content[Stream.STDOUT]), of="streaming")
    started.process.kill()
    await started.end()

    assert sink.content[Stream.STDOUT] == b"hello\n"
    assert len(sink.calls) == 3


async def test_streamed_and_unstreamed_make_the_whole(supervisor: Supervisor) -> None:
    sink = Collected(pause=0.01)
    capture = OutputCapture(sink)

    ran = await run(supervisor, "seq", "300000", capture=capture)

    kept = (await capture.finish())[Stream.STDOUT]
    assert bytes(sink.content[Stream.STDOUT]) + kept.unstreamed == ran.stdout


async def test_secret_printed_in_pieces_is_masked_live_and_kept(
    supervisor: Supervisor,
) -> None:
    sink = Collected()
    capture = OutputCapture(sink, Masking(["hunter2-secret"]))
    script = "printf 'a hunter2'; sleep 0.4; printf -- '-secret b'; sleep 0.4; printf h"

    ran = await run(supervisor, "bash", "-c", script, capture=capture)

    assert ran.stdout == b"a *** bh"
    assert bytes(sink.content[Stream.STDOUT]) in b"a *** bh"
