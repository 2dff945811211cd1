"""PostgreSQL on this machine: a server without a network port, its data in a directory.

It listens on a socket in the file system, and knows who connects from the kernel: only
the user of this process gets in, without any password that could leak.
"""

import os
import pwd
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import asyncpg

from attune.db.url import DRIVER, driver_url
from attune.domain.errors import Unavailable
from attune.stack import demote
from attune.stack.child import Child, Command
from attune.stack.cluster import Cluster, program, system_user
from attune.stack.log_file import LogFile
from attune.stack.part import Part, PartDefinition
from attune.stack.socket_directory import PORT, choose_socket_directory

DATABASE = "attune"
ROLE = "attune"
START_SECONDS = 60.0
STOP_SECONDS = 3.0
CHECK_TIMEOUT_SECONDS = 2.0

STOP_SIGNAL = signal.SIGINT
"""Ends sessions and writes everything out, without waiting for clients to leave."""

SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "max_connections": 200,
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    # Nobody replicates from here, so the log may be as short as safety allows.
    "wal_level": "minimal",
    "max_wal_senders": 0,
    # Small machine, short statements, files in the page cache.
    "io_method": "sync",
    "jit": "off",
    "max_parallel_workers_per_gather": 0,
    "random_page_cost": 1.1,
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
}


class EmbeddedPostgres:
    """A PostgreSQL server that lives in a directory; use it as a part, or alone.

    `settings` go over those of PostgreSQL that are named here.
    """

    def __init__(
        self, directory: Path, *, settings: Mapping[str, object] | None = None
    ) -> None:
        self._directory = directory.absolute()
        self._settings = settings or {}
        self._sockets = choose_socket_directory(self._directory)
        self._part: Part | None = None

    @property
    def url(self) -> str:
        """URL of the platform's database, valid before the server is up."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Return the URL of a database of this server."""
        host = quote(str(self._sockets), safe="/")
        return f"{DRIVER}://{ROLE}@/{quote(database)}?host={host}&port={PORT}"

    def prepare(self) -> None:
        """Make directories, data and database, as far as they do not exist yet."""
        cluster = Cluster(self._directory, role=ROLE, database=DATABASE)
        cluster.prepare(self._sockets)

    def command(self) -> Command:
        """Return how to run the server, in the foreground."""
        return Command(
            argv=self._argv(),
            environment={"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"},
            directory=self._directory,
            stop_signal=STOP_SIGNAL,
            death_signal=STOP_SIGNAL,
        )

    def definition(self) -> PartDefinition:
        """Return the server as a part of the stack."""
        self._directory.mkdir(parents=True, exist_ok=True)
        return PartDefinition(
            name="postgres",
            command=self.command(),
            is_ready=self._is_ready,
            stop_seconds=STOP_SECONDS,
            prepare=self.prepare,
        )

    async def start(self) -> None:
        """Start the server alone, and wait until it answers."""
        definition = self.definition()
        self._part = Part(definition, LogFile(self._directory / "postgres.log"))
        await self._part.start()
        try:
            await self._part.wait_ready(START_SECONDS)
        except Unavailable:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the server that `start` started; its data stays."""
        if self._part:
            await self._part.stop()
            self._part.log.close()
            self._part = None

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the server that `start` started, as a fault would."""
        if self._part:
            self._part.kill(number)

    async def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until the server that `start` started answers, after a kill too."""
        if self._part:
            await self._part.wait_ready(seconds)

    async def is_ready(self) -> bool:
        """Tell whether the server answers for the platform's database."""
        try:
            connection = await asyncpg.connect(
                driver_url(self.url), timeout=CHECK_TIMEOUT_SECONDS
            )
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        connection.terminate()
        return True

    async def _is_ready(self, child: Child) -> bool:
        del child
        return await self.is_ready()

    def _argv(self) -> tuple[str, ...]:
        options = {
            **SETTINGS,
            **self._settings,
            "unix_socket_directories": self._sockets,
        }
        server = (
            program("postgres"),
            *("-D", str(self._directory / "data")),
            *(
                word
                for key, value in options.items()
                for word in ("-c", f"{key}={value}")
            ),
        )
        user = system_user()
        if user is None:
            return server
        return (*_demoted(user), *server)


def _demoted(user: pwd.struct_passwd) -> tuple[str, ...]:
    script = (sys.executable, "-I", "-S", demote.__file__)
    return (*script, str(user.pw_uid), str(user.pw_gid), str(int(STOP_SIGNAL)))
