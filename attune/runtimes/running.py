"""One process that runs under its keeper, seen from the worker."""

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace

from attune.runtimes.stdin import StdinPipe
from attune.runtimes.stream import OnOutput, Stream
from attune.runtimes.supervisor import wire

READ_SIZE = 65536  # what a pipe holds
LOST = "lost sight of the process"
DRAIN_READ_COUNT = 32  # more than a pipe holds, after everybody is dead
DESTROY_AFTER_SECONDS = 5.0  # past the grace, and the keeper still says nothing


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended; by then nothing that descends from it is left."""

    code: int | None = None
    signal: int | None = None
    duration_ms: int = 0
    error: str | None = None
    """Why it could not be run, or could not be watched to its end."""
    survivor_count: int = 0
    """Processes that could not be killed: another user's, or stuck in the kernel."""


@dataclass(frozen=True, slots=True)
class KeptBy:
    """The keeper of a process, as the process needs it."""

    line: socket.socket
    destroy: Callable[[], None]
    """Have it killed."""
    rest: Callable[[], None]
    """Let it wait for another process."""


class RunningProcess:
    """A process, its output and its end; made by `Supervisor.spawn`."""

    def __init__(
        self,
        keeper: KeptBy,
        streams: dict[Stream, int],
        stdin: StdinPipe | None,
        on_output: OnOutput,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._keeper = keeper
        self._control = keeper.line
        self._streams = streams
        self._stdin = stdin
        self._on_output = on_output
        self._is_plain = True
        """The keeper was told nothing but the order, and so rests after it."""
        self._frames = wire.Frames()
        self._exit = Exit()
        self._ended: asyncio.Future[Exit] = self._loop.create_future()
        self._destroy_timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Listen to the keeper and to both streams, and feed the standard input."""
        self._loop.add_reader(self._control, self._hear)
        for stream, file in self._streams.items():
            self._loop.add_reader(file, self._read, stream)
        if self._stdin is not None:
            self._stdin.begin()

    async def give(self, order: bytes) -> None:
        """Tell the keeper what to run; a keeper that is gone is learned from the end."""
        if self.has_ended:
            return
        try:
            await self._loop.sock_sendall(self._control, order)
        except ConnectionError:
            return
        except BaseException:
            self._end(replace(self._exit, error=LOST))
            raise

    async def wait(self) -> Exit:
        """Wait for the end; all output has been handed on by then."""
        return await asyncio.shield(self._ended)

    @property
    def has_ended(self) -> bool:
        """Whether the end is known."""
        return self._ended.done()

    def terminate(self, grace_seconds: float) -> None:
        """Send SIGTERM to the whole descent, and SIGKILL to what is left later."""
        if self.has_ended:
            return
        self._destroy_in(grace_seconds + DESTROY_AFTER_SECONDS)
        self._tell(wire.TERMINATE, grace_seconds)

    def lease(self, seconds: float) -> None:
        """Have the whole descent killed then, unless it is leased anew before.

        The keeper does that by itself, whatever has become of this process meanwhile.
        """
        if not self.has_ended:
            self._tell(wire.LEASE, seconds)

    def kill(self) -> None:
        """Kill the whole descent at once."""
        self.terminate(0)

    def _tell(self, kind: bytes, seconds: float) -> None:
        self._is_plain = False
        try:
            self._control.send(wire.frame(kind, wire.pack_seconds(seconds)))
        except OSError:
            return  # a broken line is read as the end elsewhere

    def _destroy_in(self, seconds: float) -> None:
        """Have the keeper killed if it is stopped, or otherwise does not end this."""
        if self._destroy_timer is not None:
            self._destroy_timer.cancel()
        self._destroy_timer = self._loop.call_later(seconds, self._keeper.destroy)

    def _hear(self) -> None:
        try:
            received = self._control.recv(4096)
        except BlockingIOError:
            return
        except ConnectionError:
            received = b""
        if not received:
            self._end(replace(self._exit, error=self._exit.error or LOST))
            return
        self._frames.feed(received)
        while not self.has_ended and (frame := self._frames.take()) is not None:
            self._learn(*frame)

    def _learn(self, kind: bytes, body: bytes) -> None:
        if kind == wire.NOT_STARTED:
            self._exit = replace(self._exit, error=body.decode(errors="replace"))
        elif kind == wire.EXITED:
            exit_ = self._exit_from(*wire.unpack_exit(body))
            self._end(exit_, may_rest=self._is_plain and not exit_.survivor_count)
        elif kind == wire.LOST:
            reason = "the process that kept this one was killed"
            self._end(replace(self._exit, error=self._exit.error or reason))

    def _exit_from(self, code: int, duration_us: int, survivor_count: int) -> Exit:
        failed_to_start = self._exit.error is not None
        return replace(
            self._exit,
            code=None if failed_to_start or code < 0 else code,
            signal=-code if code < 0 else None,
            duration_ms=(duration_us + 500) // 1000,
            survivor_count=survivor_count,
        )

    def _end(self, exit_: Exit, *, may_rest: bool = False) -> None:
        self._loop.remove_reader(self._control)
        if may_rest:
            self._keeper.rest()
        else:
            self._control.close()
        if self._destroy_timer is not None:
            self._destroy_timer.cancel()
        if self._stdin is not None:
            self._stdin.close()
        for stream in list(self._streams):
            self._drain(stream)
        if not self._ended.done():
            self._ended.set_result(exit_)

    def _drain(self, stream: Stream) -> None:
        """Read what is left; somebody outside may hold the other end, so no waiting."""
        for _ in range(DRAIN_READ_COUNT):
            if stream not in self._streams or not self._read(stream):
                break
        self._close(stream)

    def _read(self, stream: Stream) -> bool:
        try:
            chunk = os.read(self._streams[stream], READ_SIZE)
        except BlockingIOError:
            return False
        if not chunk:
            self._close(stream)
            return False
        self._on_output(stream, chunk)
        return True

    def _close(self, stream: Stream) -> None:
        file = self._streams.pop(stream, None)
        if file is not None:
            self._loop.remove_reader(file)
            os.close(file)
