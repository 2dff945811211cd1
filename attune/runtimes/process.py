"""The worker's side of the supervisor: start it, and have it run processes."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from attune.domain.errors import InvalidInput, NotConfigured, Unavailable
from attune.runtimes.keepers import Keeper, RestingKeepers
from attune.runtimes.running import KeptBy, RunningProcess
from attune.runtimes.stdin import StdinPipe
from attune.runtimes.stream import OnOutput, Stream
from attune.runtimes.supervisor import wire

DEFAULT_NICE = 5  # the worker's heartbeats come before user code
READY_WITHIN_SECONDS = 10.0
END_WITHIN_SECONDS = 35.0
SEND_ATTEMPT_COUNT = 3
FULL_PAUSE_SECONDS = 0.005
_ROOT = Path(__file__).parents[2]
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from attune.runtimes.supervisor.program import main; "
    "main(int(sys.argv[2]), int(sys.argv[3]))"
)


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process to run, with exactly this environment."""

    argv: Sequence[str]
    cwd: Path
    environment: Mapping[str, str] = field(repr=False)
    stdin: bytes | None = field(default=None, repr=False)
    """What the process reads before the end of file; None is an empty input."""
    nice: int = DEFAULT_NICE

    def order(self) -> wire.Order:
        """Return the keeper's order; raises InvalidInput for what no kernel takes."""
        for name in self.environment:
            if not name or "=" in name:
                raise InvalidInput(f"'{name}' cannot name an environment variable")
        return wire.Order(
            argv=[_encode(argument, "an argument") for argument in self.argv],
            cwd=os.fsencode(self.cwd),
            environment={
                _encode(name, "a variable's name"): _encode(value, f"variable {name}")
                for name, value in self.environment.items()
            },
            nice=self.nice,
        )


class Supervisor:
    """The process below which all user code of this worker runs.

    Start it in the thread that lives as long as the worker: the kernel ties the
    supervisor's life to that thread. It is started again if something kills it.
    """

    def __init__(self) -> None:
        self._starting = asyncio.Lock()
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._stopped = False
        self._resting = RestingKeepers()

    @property
    def pid(self) -> int | None:
        """The supervisor's process id, while it is known to live."""
        return self._process.pid if self._process and self._line else None

    async def start(self) -> None:
        """Start the supervisor; raises NotConfigured where the kernel cannot do it."""
        if sys.platform != "linux":
            problem = f"running actions needs Linux, and this is {sys.platform}"
            raise NotConfigured(problem)
        async with self._starting:
            if self._line is None:
                await self._launch()

    async def stop(self) -> None:
        """Kill whatever still runs and end the supervisor; final."""
        self._stopped = True
        self._hang_up()
        if self._process is not None:
            await asyncio.to_thread(_wait_or_kill, self._process)

    async def spawn(self, spec: ProcessSpec, on_output: OnOutput) -> RunningProcess:
        """Run a process; its failure to start is told by its exit."""
        if self._stopped:
            raise Unavailable("the supervisor is stopped")
        order = wire.frame(wire.ORDER, spec.order().pack())
        stdin = StdinPipe.holding(spec.stdin)
        readers, writers = _open_pipes()
        files = [*writers, *([stdin.reader] if stdin else [])]
        try:
            keeper = self._resting.wake(files) or await self._new_keeper(files)
        except BaseException:
            _close_all(readers.values())
            if stdin is not None:
                stdin.close()
            raise
        finally:
            _close_all(files)
        kept_by = KeptBy(
            keeper.line,
            destroy=lambda: self._destroy(keeper.number),
            rest=lambda: self._rest(keeper),
        )
        process = RunningProcess(kept_by, readers, stdin, on_output)
        process.begin()
        await process.give(order)
        return process

    def _rest(self, keeper: Keeper) -> None:
        """Keep a keeper for the next process, unless its supervisor is gone."""
        if self._line is None:
            keeper.line.close()
        else:
            self._resting.add(keeper)

    async def _new_keeper(self, files: list[int]) -> Keeper:
        ours, theirs = socket.socketpair()
        ours.settimeout(0)
        number = next(self._numbers)
        try:
            with theirs:
                datagram = wire.numbered(wire.KEEP, number)
                await self._send(datagram, [theirs.fileno(), *files])
        except BaseException:
            ours.close()
            raise
        return Keeper(number, ours)

    async def _launch(self) -> None:
        if self._process is not None:
            await asyncio.to_thread(_wait_or_kill, self._process)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(0)
        with theirs:
            self._process = _popen(theirs)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(READY_WITHIN_SECONDS):
                answer = await loop.sock_recv(ours, 4096)
        except TimeoutError as error:
            ours.close()
            raise Unavailable("the supervisor does not start") from error
        if answer != wire.READY:
            ours.close()
            await asyncio.to_thread(_wait_or_kill, self._process)
            reason = answer.removeprefix(wire.UNFIT).decode(errors="replace")
            problem = f"this kernel cannot supervise actions: {reason or 'it ended'}"
            raise NotConfigured(problem)
        self._line = ours
        loop.add_reader(ours, self._hear)

    async def _send(self, datagram: bytes, files: list[int]) -> None:
        """Send when there is room, to a new supervisor if the old one just ended."""
        for _ in range(SEND_ATTEMPT_COUNT):
            await self.start()
            try:
                # The kernel does not tell when its queue for datagrams has room again.
                while not self._sent(datagram, files):  # noqa: ASYNC110 - see above
                    await asyncio.sleep(FULL_PAUSE_SECONDS)
            except OSError:
                self._hang_up()
            else:
                return
        raise Unavailable("the supervisor has ended")

    def _sent(self, datagram: bytes, files: list[int]) -> bool:
        if self._line is None:
            raise BrokenPipeError
        try:
            socket.send_fds(self._line, [datagram], files)
        except BlockingIOError:
            return False
        return True

    def _destroy(self, number: int) -> None:
        if self._line is None:
            return  # without its supervisor a keeper ends by itself
        try:
            self._line.send(wire.numbered(wire.DESTROY, number))
        except OSError:
            self._hang_up()

    def _hear(self) -> None:
        """Notice that the supervisor ended; it says nothing else after it is ready."""
        try:
            said = self._line.recv(64) if self._line else b""
        except BlockingIOError:
            return
        except ConnectionError:
            said = b""
        if not said:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._line is None:
            return
        asyncio.get_running_loop().remove_reader(self._line)
        self._line.close()
        self._line = None
        self._resting.dismiss()
        if self._process is not None:
            self._process.poll()


def _popen(theirs: socket.socket) -> subprocess.Popen[bytes]:
    file = theirs.fileno()
    arguments = [str(_ROOT), str(file), str(os.getpid())]
    return subprocess.Popen(  # noqa: S603 - our own program, with our own arguments
        [sys.executable, "-I", "-S", "-c", _PROGRAM, *arguments],
        cwd="/",
        env={},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[file],
        start_new_session=True,
    )


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(END_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _open_pipes() -> tuple[dict[Stream, int], list[int]]:
    readers: dict[Stream, int] = {}
    writers: list[int] = []
    for stream in (Stream.STDOUT, Stream.STDERR):
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        readers[stream] = reader
        writers.append(writer)
    return readers, writers


def _close_all(files: Iterable[int]) -> None:
    for file in files:
        os.close(file)


def _encode(text: str, what: str) -> bytes:
    if "\0" in text:
        raise InvalidInput(f"{what} contains a NUL character")
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise InvalidInput(f"{what} is not valid Unicode") from None
