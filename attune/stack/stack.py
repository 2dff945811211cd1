"""The whole platform on one machine: `async with Stack(directory) as stack`."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from attune.domain.errors import NotFound, Unavailable
from attune.stack.child import Child, Command
from attune.stack.console import prefixed
from attune.stack.directory import StackDirectory
from attune.stack.log_file import LogFile
from attune.stack.part import Part, PartDefinition
from attune.stack.ports import AUTOMATIC, Ports
from attune.stack.postgres import EmbeddedPostgres
from attune.stack.processes import Places, Processes
from attune.stack.readiness import Pollers
from attune.stack.record import (
    PartRecord,
    ProcessRecord,
    StackRecord,
    end_leftovers,
    read_record,
)
from attune.stack.temporal import EmbeddedTemporal
from attune.temporal.client import TemporalAddress

ADMIN_LOGIN = "admin"
READY_SECONDS = 60.0


class Stack:
    """Servers and processes with their data in one directory.

    Enter it from the main thread: the processes die with the thread that made them.
    """

    def __init__(
        self,
        directory: Path,
        *,
        ports: Ports | Literal["auto"] = "auto",
        host: str = "127.0.0.1",
        worker_count: int = 1,
        environment: Mapping[str, str] = os.environ,
        report: Callable[[str], None] = lambda _: None,
        verbose: bool = False,
    ) -> None:
        self.directory = StackDirectory(directory)
        self._wanted_ports = AUTOMATIC if ports == "auto" else ports
        self._host = host
        self._worker_count = worker_count
        self._environment = environment
        self._report = report
        self._verbose = verbose
        # In the order in which they start; the last one stops first.
        self._parts: dict[str, Part] = {}
        self._places: Places | None = None
        self._state = "starting"
        self.is_new = False
        """Whether this start made the first administrator."""

    @property
    def api_url(self) -> str:
        """URL of the API."""
        return self._settled_places().api_url

    @property
    def temporal_address(self) -> str:
        """Host and port of Temporal."""
        return self._settled_places().temporal_address

    @property
    def temporal_ui_url(self) -> str:
        """URL of Temporal's Web UI."""
        return self._settled_places().temporal_ui_url

    @property
    def database_url(self) -> str:
        """URL of the database."""
        return self._settled_places().database_url

    @property
    def admin_password(self) -> str:
        """The password the first administrator began with."""
        return self.directory.administrator_password()

    @property
    def part_names(self) -> list[str]:
        """The names of the parts, in the order in which they start."""
        return list(self._parts)

    async def __aenter__(self) -> Self:
        """Start everything; what was started is stopped again when a part fails."""
        self.directory.prepare()
        self.directory.lock()
        try:
            await self._start_all()
        except BaseException:
            await self._stop_all()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything, the part that needs the others first."""
        await self._stop_all()

    def pid(self, name: str) -> int | None:
        """Return the process id of a part, None while it has none."""
        return self._part(name).pid

    def restart_count(self, name: str) -> int:
        """Return how often a part was started again."""
        return self._part(name).restart_count

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send a signal to one process; the stack starts it again when it ends."""
        self._part(name).kill(number)

    async def stop(self, name: str) -> None:
        """Stop one part and leave it stopped."""
        await self._part(name).stop()

    async def start(self, name: str) -> None:
        """Start one part that was stopped, and wait until it works."""
        await self._part(name).start()
        await self.wait_ready(name)

    async def wait_ready(self, name: str, seconds: float = READY_SECONDS) -> None:
        """Wait until a part works, after a kill for example."""
        await self._part(name).wait_ready(seconds)

    def abort(self) -> None:
        """Kill every process; a stop that is under way then ends at once."""
        for part in reversed(self._parts.values()):
            part.kill(signal.SIGKILL)

    async def _start_all(self) -> None:
        if former := read_record(self.directory.record):
            await asyncio.to_thread(end_leftovers, former)
        ports = self._wanted_ports.settled(self._host)
        postgres = EmbeddedPostgres(self.directory.postgres)
        temporal = EmbeddedTemporal(
            self.directory.temporal, port=ports.temporal, ui_port=ports.temporal_ui
        )
        self._places = Places(
            host=self._host,
            api_port=ports.api,
            temporal_address=temporal.address,
            temporal_ui_url=temporal.ui_url,
            database_url=postgres.url,
        )
        pollers = Pollers(TemporalAddress(temporal.address))
        processes = Processes(self.directory, self._places, pollers, self._environment)
        await self._start_servers(postgres, temporal, processes)
        await self._start_processes(processes)
        self._state = "ready"
        self._write_record()

    async def _start_servers(
        self,
        postgres: EmbeddedPostgres,
        temporal: EmbeddedTemporal,
        processes: Processes,
    ) -> None:
        self.is_new = not self.directory.password_file.exists()
        self.directory.administrator_password()
        database, engine = postgres.definition(), temporal.definition()

        async def prepare_database() -> None:
            await self._add(database)
            await self._set_up(processes.setup(ADMIN_LOGIN))

        await _together(prepare_database(), self._add(engine))

    async def _start_processes(self, processes: Processes) -> None:
        numbers = range(1, self._worker_count + 1)
        workers = [processes.worker(number) for number in numbers]
        definitions = (processes.api(), processes.orchestrator(), *workers)
        await _together(*(self._add(each) for each in definitions))

    async def _add(self, definition: PartDefinition) -> None:
        begun_at = time.monotonic()
        log = LogFile(self.directory.logs / f"{definition.name}.log")
        sink = self._sink(definition.name, log)
        part = Part(definition, log, changed=self._write_record, sink=sink)
        self._parts[definition.name] = part
        await part.start()
        await part.wait_ready(READY_SECONDS)
        self._report(f"{definition.name} ready in {time.monotonic() - begun_at:.1f} s")

    async def _set_up(self, command: Command) -> None:
        begun_at = time.monotonic()
        log = LogFile(self.directory.logs / "setup.log")
        child = await Child.spawn(command, self._sink("setup", log))
        try:
            code = await asyncio.wait_for(child.wait(), READY_SECONDS)
        except TimeoutError:
            code = -1
        finally:
            await child.stop(1)
            log.close()
        if code != 0:
            raise Unavailable(
                f"the set-up failed; the end of {log.path}:\n{log.tail()}"
            )
        self._report(f"database set up in {time.monotonic() - begun_at:.1f} s")

    def _sink(self, name: str, log: LogFile) -> Callable[[bytes], None]:
        if not self._verbose:
            return log.write
        echo = prefixed(name)

        def write(data: bytes) -> None:
            log.write(data)
            echo(data)

        return write

    async def _stop_all(self) -> None:
        self._state = "stopping"
        for part in reversed(self._parts.values()):
            await part.stop()
            part.log.close()
        self._state = "stopped"
        if self._places:
            self._write_record()
        self.directory.unlock()
        self._parts.clear()

    def _write_record(self) -> None:
        places = self._settled_places()
        with suppress(OSError):  # a full disk must not end the supervision
            StackRecord(
                state=self._state,
                directory=str(self.directory.root),
                api_url=places.api_url,
                docs_url=f"{places.api_url}/docs",
                temporal_address=places.temporal_address,
                temporal_ui_url=places.temporal_ui_url,
                database_url=places.database_url,
                admin_login=ADMIN_LOGIN,
                admin_password_file=str(self.directory.password_file),
                supervisor=ProcessRecord.of(os.getpid()),
                parts={name: _part_record(part) for name, part in self._parts.items()},
            ).write(self.directory.record)

    def _part(self, name: str) -> Part:
        if name not in self._parts:
            raise NotFound(entity="part", ref=name)
        return self._parts[name]

    def _settled_places(self) -> Places:
        if self._places is None:
            raise Unavailable("the stack has not been started")
        return self._places


async def _together(*tasks: Coroutine[None, None, None]) -> None:
    """Run all; the first failure ends the others and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def _part_record(part: Part) -> PartRecord:
    return PartRecord(
        state=part.state,
        log=str(part.log.path),
        restart_count=part.restart_count,
        process=ProcessRecord.of(part.pid),
    )
