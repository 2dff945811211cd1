"""One supervised part of the stack: started, watched, started again, stopped."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from attune.domain.errors import AttuneError, Unavailable
from attune.stack.child import Child, Command
from attune.stack.log_file import LogFile

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 30.0
"""A part that lived this long is started again without a growing pause."""
CHECK_SECONDS = 0.1
DEADLY = frozenset({signal.SIGINT, signal.SIGKILL, signal.SIGQUIT, signal.SIGTERM})

logger = logging.getLogger(__name__)


class PartState(StrEnum):
    """Where a part is in its life."""

    STOPPED = "stopped"
    STARTING = "starting"  # the process runs, its check does not pass yet
    READY = "ready"
    PAUSED = "paused"  # it ended by itself and waits to be started again
    STOPPING = "stopping"


@dataclass(frozen=True)
class PartDefinition:
    """How a part is started, recognized as ready and stopped."""

    name: str
    command: Command
    is_ready: Callable[[Child], Awaitable[bool]]
    stop_seconds: float
    """How long it may take to end well before its group is killed."""
    prepare: Callable[[], None] = lambda: None
    """Called before each start, in a thread."""


class Part:
    """Keeps one process alive while it is wanted."""

    def __init__(
        self,
        definition: PartDefinition,
        log: LogFile,
        *,
        changed: Callable[[], None] = lambda: None,
        sink: Callable[[bytes], None] | None = None,
    ) -> None:
        self.definition = definition
        self.log = log
        self.state = PartState.STOPPED
        self.restart_count = 0
        self._changed = changed
        self._sink = sink or log.write
        self._child: Child | None = None
        self._supervision: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._stillborn = asyncio.Event()
        self._has_worked = False

    @property
    def name(self) -> str:
        """The part's name."""
        return self.definition.name

    @property
    def pid(self) -> int | None:
        """The process id, or None while no process runs."""
        running = self._child is not None and self._child.exit_code is None
        return self._child.pid if self._child and running else None

    async def start(self) -> None:
        """Start the process and keep it alive from now on; twice is once."""
        if self._supervision is None:
            self._ready.clear()
            self._stillborn.clear()
            self._supervision = asyncio.create_task(self._supervise(), name=self.name)

    async def wait_ready(self, seconds: float) -> None:
        """Wait until the part works; raises Unavailable with the end of its log."""
        if self._supervision is None:
            raise Unavailable(f"{self.name} is stopped")
        events = [
            asyncio.create_task(event.wait())
            for event in (self._ready, self._stillborn)
        ]
        await asyncio.wait(
            [*events, self._supervision],
            timeout=seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        for event in events:
            event.cancel()
        if self._supervision.done():
            self._supervision.result()
        if not self._ready.is_set():
            raise Unavailable(self._complaint())

    def _complaint(self) -> str:
        code = self._child.exit_code if self._child else None
        ended = f"ended with code {code} while starting"
        problem = ended if self._stillborn.is_set() else "did not become ready"
        end_of_log = self.log.tail()
        return f"{self.name} {problem}; the end of {self.log.path}:\n{end_of_log}"

    async def stop(self) -> None:
        """Stop the process and keep it stopped."""
        if self._supervision is None:
            return
        self._supervision.cancel()
        # Why it ended, if it did before, has been said by `wait_ready`.
        await asyncio.gather(self._supervision, return_exceptions=True)
        self._supervision = None
        self._ready.clear()
        if self._child:
            self._enter(PartState.STOPPING)
            await self._child.stop(self.definition.stop_seconds)
        self._enter(PartState.STOPPED)

    def kill(self, number: int) -> None:
        """Send a signal to the process as somebody else would; it is started again."""
        if self._child:
            if number in DEADLY:
                self._ready.clear()
            self._child.signal(number)

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        pauses = _pauses()
        while True:
            begun_at = loop.time()
            end = await self._live_or_say_why_not()
            if loop.time() - begun_at > STEADY_SECONDS:
                pauses = _pauses()
            pause = next(pauses)
            self._enter(PartState.PAUSED)
            logger.warning("%s %s; it starts again in %s s", self.name, end, pause)
            await asyncio.sleep(pause)
            self.restart_count += 1

    async def _live_or_say_why_not(self) -> str:
        try:
            return f"ended with code {await self._live()}"
        except (OSError, AttuneError) as error:
            # No memory, a full disk: that passes, except where it never worked.
            if not self._has_worked:
                raise
            return f"cannot be started: {error}"

    async def _live(self) -> int:
        """One life of the process, from its start to its end by itself."""
        await asyncio.to_thread(self.definition.prepare)
        # Shielded: a process whose making was interrupted would have no owner.
        spawning = asyncio.ensure_future(
            Child.spawn(self.definition.command, self._sink)
        )
        try:
            self._child = await asyncio.shield(spawning)
        except asyncio.CancelledError:
            self._child = await spawning
            raise
        self._stillborn.clear()
        self._enter(PartState.STARTING)
        watch = asyncio.create_task(self._watch(self._child))
        try:
            code = await self._child.wait()
            if not watch.done():
                await self._child.close()
                self._stillborn.set()
        finally:
            watch.cancel()
        self._ready.clear()
        return code

    async def _watch(self, child: Child) -> None:
        while not await self.definition.is_ready(child):  # noqa: ASYNC110 - no event of ours tells of another process
            await asyncio.sleep(CHECK_SECONDS)
        self._enter(PartState.READY)
        self._has_worked = True
        self._ready.set()

    def _enter(self, state: PartState) -> None:
        self.state = state
        self._changed()


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
