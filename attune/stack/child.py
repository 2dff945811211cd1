"""One child process: in a session of its own, with its output in a log, never orphaned."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from attune.stack import leash

LAST_WORDS_SECONDS = 0.5
ORPHAN_SECONDS = 1.0
CHECK_SECONDS = 0.02


@dataclass(frozen=True)
class Command:
    """What to run, and as whom."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] | None = None
    """Exactly these variables; the parent's when not given."""
    directory: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    """What asks the program to end well."""
    death_signal: signal.Signals = signal.SIGKILL
    """What it gets when the process that started it dies."""


class Child:
    """A running process of ours; make it with `Child.spawn` from the main thread.

    The kernel ties the parent-death signal to the thread that made the process.
    """

    def __init__(self, process: asyncio.subprocess.Process, command: Command) -> None:
        self._process = process
        self._command = command
        self._output: asyncio.BaseTransport | None = None
        self._end_of_output = asyncio.Event()

    @classmethod
    async def spawn(cls, command: Command, sink: Callable[[bytes], None]) -> "Child":
        """Start the process; everything that it prints goes to the sink."""
        loop = asyncio.get_running_loop()
        readable, writable = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *_leashed(command),
                env=command.environment,
                cwd=command.directory,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writable,
                stderr=writable,
                start_new_session=True,
            )
        except BaseException:
            os.close(readable)
            raise
        finally:
            os.close(writable)
        child = cls(process, command)
        pipe = os.fdopen(readable, "rb", buffering=0)
        output = _Output(sink, child._end_of_output)
        child._output, _ = await loop.connect_read_pipe(lambda: output, pipe)
        return child

    @property
    def pid(self) -> int:
        """The process id, also that of its session and group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative after a signal; None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for the end of the process, whoever still holds its output open."""
        return await self._process.wait()

    def signal(self, number: int) -> None:
        """Send a signal to the process, if it is still there."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def stop(self, seconds: float) -> None:
        """Ask the process to end, and kill it when the time is over."""
        self.signal(self._command.stop_signal)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.wait(), seconds)
        self.signal(signal.SIGKILL)
        await self.wait()
        await self._clear_group()
        await self.close()

    async def _clear_group(self) -> None:
        """Kill what is left of the group, after it had its time to end by itself.

        A worker leaves its supervisor, which needs a moment to take the processes of
        actions along; killed at once, it would leave them behind.
        """
        until = asyncio.get_running_loop().time() + ORPHAN_SECONDS
        while self._group_exists() and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110 - nothing tells of a group's end
            await asyncio.sleep(CHECK_SECONDS)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _group_exists(self) -> bool:
        try:
            os.killpg(self.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    async def close(self) -> None:
        """Stop reading its output, once what it printed last has arrived."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._end_of_output.wait(), LAST_WORDS_SECONDS)
        if self._output:
            self._output.close()


class _Output(asyncio.Protocol):
    def __init__(self, sink: Callable[[bytes], None], end: asyncio.Event) -> None:
        self._sink = sink
        self._end = end

    def data_received(self, data: bytes) -> None:
        self._sink(data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._end.set()


def _leashed(command: Command) -> tuple[str, ...]:
    script = (sys.executable, "-I", "-S", leash.__file__)
    return (*script, str(int(command.death_signal)), str(os.getpid()), *command.argv)
