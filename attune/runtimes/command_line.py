"""Run a command of the platform's own, an installer or a probe, to its end."""

import asyncio
from dataclasses import dataclass, field

from attune.runtimes.process import ProcessSpec, Supervisor
from attune.runtimes.running import Exit
from attune.runtimes.stream import Stream

TAIL_SIZE = 16_384


@dataclass(frozen=True, slots=True)
class Finished:
    """How it ended and the last of what it wrote, both streams together."""

    exit: Exit
    tail: bytes = field(repr=False)
    timed_out: bool = False

    @property
    def text(self) -> str:
        """What it wrote, whatever its bytes."""
        return self.tail.decode("utf-8", "replace")


async def run_command(
    supervisor: Supervisor, spec: ProcessSpec, limit_seconds: float
) -> Finished:
    """Run it below the supervisor; it is killed at the limit, or if we are cancelled."""
    tail = bytearray()

    def keep(stream: Stream, chunk: bytes) -> None:
        del stream
        tail.extend(chunk)
        del tail[:-TAIL_SIZE]

    process = await supervisor.spawn(spec, keep)
    timed_out = False
    try:
        async with asyncio.timeout(limit_seconds):
            exit_ = await process.wait()
    except TimeoutError:
        timed_out = True
        process.kill()
        exit_ = await process.wait()
    except asyncio.CancelledError:
        process.kill()
        raise
    return Finished(exit_, bytes(tail), timed_out)
