import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from attune.db.database import Database
from attune.db.url import driver_url
from attune.domain.errors import NotConfigured, Unavailable
from attune.stack.postgres import EmbeddedPostgres
from attune.stack.socket_directory import LONGEST_PATH, choose_socket_directory
from tests.support.database import connected
from tests.support.eventually import eventually
from tests.support.servers import running_postgres


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedPostgres]:
    """A server for one test, that may be hurt."""
    async with running_postgres() as server:
        yield server


def _processes(server: EmbeddedPostgres) -> list[psutil.Process]:
    """Return every process that works on the server's data."""
    place = str(_data(server))
    found = []
    for process in psutil.process_iter():
        try:
            works_there = process.name() == "postgres" and process.cwd() == place
        except psutil.Error:
            continue
        if works_there:
            found.append(process)
    return found


def _data(server: EmbeddedPostgres) -> Path:
    return server._directory / "data"


async def test_server_does_not_run_as_root(postgres: EmbeddedPostgres) -> None:
    processes = _processes(postgres)

    assert processes
    assert all(process.uids().effective != 0 for process in processes)


async def test_server_listens_on_no_network(postgres: EmbeddedPostgres) -> None:
    for process in _processes(postgres):
        assert process.net_connections("inet") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
async def test_other_users_do_not_get_in(postgres: EmbeddedPostgres) -> None:
    code = (
        "import asyncio, asyncpg, os; os.setgid(65534); os.setuid(65534);"
        f"asyncio.run(asyncpg.connect({driver_url(postgres.url)!r}))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stderr=asyncio.subprocess.PIPE
    )

    _, complaint = await process.communicate()

    assert process.returncode == 1
    assert b"PermissionError" in complaint


async def test_restart_keeps_everything(server: EmbeddedPostgres) -> None:
    async with connected(server.url) as sql:
        await sql.execute("CREATE TABLE kept (number int); INSERT INTO kept VALUES (7)")

    await server.stop()
    await server.start()

    async with connected(server.url) as sql:
        assert await sql.fetchval("SELECT number FROM kept") == 7


async def test_stop_leaves_no_process(server: EmbeddedPostgres) -> None:
    async with connected(server.url):
        await server.stop()

    assert _processes(server) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT])
async def test_killed_server_comes_back_with_everything(
    server: EmbeddedPostgres, number: signal.Signals
) -> None:
    async with connected(server.url) as sql:
        await sql.execute("CREATE TABLE kept (number int); INSERT INTO kept VALUES (7)")

    server.kill(number)
    await server.wait_ready()

    async with connected(server.url) as sql:
        assert await sql.fetchval("SELECT number FROM kept") == 7


async def test_pool_recovers_after_a_kill(server: EmbeddedPostgres) -> None:
    database = Database(server.url)
    await database.ping()

    server.kill()
    await server.wait_ready()

    with pytest.raises(Unavailable):
        await database.ping()
    await database.ping()
    await database.close()


async def test_stale_lock_does_not_keep_the_server_from_starting(
    server: EmbeddedPostgres,
) -> None:
    await server.stop()
    # The number of a process that lives, and is no server: ours.
    lock = _data(server) / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{_data(server)}\n0\n5432\n\n\n0 0\nready\n")

    await server.start()

    assert await server.is_ready()


async def test_interrupted_preparation_is_done_again(server: EmbeddedPostgres) -> None:
    await server.stop()
    _data(server).rename(server._directory / "data.new")

    await server.start()

    async with connected(server.url) as sql:
        assert await sql.fetchval("SELECT current_database()") == "attune"


async def test_data_of_another_version_is_refused(server: EmbeddedPostgres) -> None:
    await server.stop()
    (_data(server) / "PG_VERSION").write_text("9\n")

    with pytest.raises(NotConfigured):
        server.prepare()


async def test_server_dies_with_the_process_that_started_it(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    await server.stop()
    code = (
        "import asyncio, pathlib\n"
        "from attune.stack.postgres import EmbeddedPostgres\n"
        "async def main():\n"
        f"    await EmbeddedPostgres(pathlib.Path({str(server._directory)!r})).start()\n"
        "    print('up', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code), stdout=asyncio.subprocess.PIPE, cwd=tmp_path
    )
    assert owner.stdout
    assert await owner.stdout.readline() == b"up\n"
    assert _processes(server)

    owner.kill()
    await owner.wait()

    await eventually(lambda: not _processes(server))


def test_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)

    sockets = choose_socket_directory(deep)

    assert not sockets.is_relative_to(deep)
    assert len(str(sockets / ".s.PGSQL.5432.lock")) <= LONGEST_PATH
    assert sockets == choose_socket_directory(deep)


async def test_connection_of_somebody_else_by_name_is_refused(
    postgres: EmbeddedPostgres,
) -> None:
    url = driver_url(postgres.url).replace("attune@", "postgres@", 1)

    with pytest.raises(asyncpg.PostgresError):
        await asyncpg.connect(url)
