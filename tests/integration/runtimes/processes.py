"""Run processes in tests, mark them, and find what is left of them."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import uuid4

from attune.runtimes.output import OutputCapture
from attune.runtimes.process import ProcessSpec, Supervisor
from attune.runtimes.running import Exit, RunningProcess
from attune.runtimes.stream import Stream

MARK = "TEST_MARK"


async def eventually(
    question: Callable[[], bool], *, within: float = 5.0, of: str = "the condition"
) -> None:
    """Wait until the answer is yes, or fail."""
    deadline = time.monotonic() + within
    while not question():
        assert time.monotonic() < deadline, f"{of} did not come true in {within} s"
        await asyncio.sleep(0.01)


def new_mark() -> str:
    """Return a mark that every descendant of a process inherits."""
    return uuid4().hex


def marked(mark: str) -> list[str]:
    """Return the command lines of the living processes that carry the mark."""
    needle = f"{MARK}={mark}".encode()
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if needle in (directory / "environ").read_bytes().split(b"\0"):
                command = (directory / "cmdline").read_bytes().replace(b"\0", b" ")
                found.append(f"{directory.name} {command.decode(errors='replace')}")
        except OSError:
            continue
    return found


def is_alive(pid: int) -> bool:
    """Tell whether a process exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


class Ran:
    """A process that has ended, and what it wrote."""

    def __init__(self, exit_: Exit, stdout: bytes, stderr: bytes) -> None:
        self.exit = exit_
        self.stdout = stdout
        self.stderr = stderr


class Started:
    """A process that may still run."""

    def __init__(self, process: RunningProcess, capture: OutputCapture) -> None:
        self.process = process
        self.capture = capture

    async def end(self) -> Ran:
        async with asyncio.timeout(30):
            exit_ = await self.process.wait()
        kept = await self.capture.finish()
        return Ran(exit_, kept[Stream.STDOUT].content, kept[Stream.STDERR].content)


async def start(
    supervisor: Supervisor,
    *argv: str,
    cwd: Path = Path("/"),
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    capture: OutputCapture | None = None,
) -> Started:
    """Start a process with a PATH and little else."""
    spec = ProcessSpec(
        argv=argv,
        cwd=cwd,
        environment={"PATH": os.environ["PATH"], **(environment or {})},
        stdin=stdin,
    )
    keeping = capture or OutputCapture()
    return Started(await supervisor.spawn(spec, keeping.take), keeping)


async def run(
    supervisor: Supervisor,
    *argv: str,
    cwd: Path = Path("/"),
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    capture: OutputCapture | None = None,
) -> Ran:
    """Run a process to its end."""
    started = await start(
        supervisor,
        *argv,
        cwd=cwd,
        stdin=stdin,
        environment=environment,
        capture=capture,
    )
    return await started.end()
