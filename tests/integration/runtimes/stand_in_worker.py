"""A worker that only starts one action and then does nothing: for tests that kill it."""

import asyncio
import os
import sys
from pathlib import Path

from attune.runtimes.process import ProcessSpec, Supervisor
from attune.runtimes.stream import Stream
from tests.integration.runtimes.processes import MARK

LEASE = "TEST_LEASE"


async def main(mark: str, argv: list[str]) -> None:
    """Run the action and say `ready` once it has written something."""
    supervisor = Supervisor()
    await supervisor.start()
    spec = ProcessSpec(argv, Path("/"), {"PATH": os.environ["PATH"], MARK: mark})

    def on_output(stream: Stream, chunk: bytes) -> None:
        del stream, chunk
        sys.stdout.write(f"{supervisor.pid}\n")
        sys.stdout.flush()

    process = await supervisor.spawn(spec, on_output)
    if LEASE in os.environ:
        process.lease(float(os.environ[LEASE]))
    await process.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
