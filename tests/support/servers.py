"""Real servers for the tests, started by them and gone with them."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attune.stack.ports import AUTOMATIC
from attune.stack.postgres import EmbeddedPostgres
from attune.stack.temporal import EmbeddedTemporal

# A test kills processes, never the machine: what the kernel has is safe enough.
POSTGRES_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


@asynccontextmanager
async def running_postgres() -> AsyncIterator[EmbeddedPostgres]:
    """Run a PostgreSQL server of its own."""
    # Not below pytest's directory: that is closed to the user the server runs as.
    directory = Path(tempfile.mkdtemp(prefix="attune-test-"))
    server = EmbeddedPostgres(directory, settings=POSTGRES_SETTINGS)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
        shutil.rmtree(directory, ignore_errors=True)


@asynccontextmanager
async def running_temporal(directory: Path) -> AsyncIterator[EmbeddedTemporal]:
    """Run a Temporal server of its own, without Web UI."""
    port = AUTOMATIC.settled("127.0.0.1").temporal
    server = EmbeddedTemporal(directory, port=port, ui_port=None)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
