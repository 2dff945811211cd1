"""No secret is where it may not be: histories, logs, processes, files, tables, answers.

Canaries go in through every door, an action prints its secret and fails with it, and
then everything that is kept or shown is searched, encodings included.
"""

import os
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from attune.stack.stack import Stack
from tests.support.api import Person
from tests.support.database import connected
from tests.support.leaks import Canaries, files_below, runs_in, tables
from tests.support.trail import Trail, action_environments, temporal
from tests.support.trail_keys import OUTPUT_BYTES
from tests.support.trail_way import leave_trail

KNOWN = {"an action": "watched.stdin"}
"""What is no secret, and is found wherever the search is worth something."""


@pytest.fixture(scope="module")
async def trail(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trail]:
    """A stack that logs all it can, through which secrets have gone."""
    temporary = tmp_path_factory.mktemp("temporary")
    environment = {
        **os.environ,
        "ATTUNE__LOGGING__LEVEL": "debug",
        "ATTUNE__WORKER__MAX_OUTPUT_BYTES": str(OUTPUT_BYTES),
        "TMPDIR": str(temporary),
    }
    gate = tmp_path_factory.mktemp("gate") / "open"
    # Not below pytest's directory, which another run closes to PostgreSQL's user.
    with TemporaryDirectory(prefix="attune-leaks-") as directory:
        async with Stack(Path(directory), environment=environment) as stack:
            person = Person(stack)
            trail = Trail(stack, person, "watched", temporary, gate)
            await leave_trail(trail)
            yield trail
            await person.close()


async def test_the_search_finds_what_is_there(trail: Trail) -> None:
    """Without this, a search in the wrong place would find nothing and pass."""
    seen = Canaries(trail.ordinary)
    async with connected(trail.stack.database_url) as connection:
        found = seen.among(await tables(connection))

    assert found.keys() >= {"execution.config", "execution.env_vars", "event.payload"}
    assert seen.found_in(b"".join(environ for *_, environ in trail.processes)) == [
        "environment variable"
    ]
    told = dict(trail.answers)
    masked = [path for path, content in told.items() if b"*** ***" in content]
    assert len([path for path in masked if path.endswith("stdout")]) >= 8
    cut = [path for path, content in told.items() if b"OUTPUT TRUNCATED" in content]
    assert len([path for path in cut if path.endswith("stderr")]) == 4


async def test_the_search_finds_what_is_planted_in_a_table(trail: Trail) -> None:
    planted = Canaries({"it": trail.new_secret("planted")})
    told = trail.secret.pop("planted")
    async with connected(trail.stack.database_url) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "CREATE TABLE attune.planted (a text, b jsonb, c bytea, d text[])"
        )
        await connection.execute(
            "INSERT INTO attune.planted VALUES ($1, $2, $3, $4)",
            told,
            f'{{"deep": ["{told}"]}}',
            b64encode(b"x" + told.encode()),
            [told.encode().hex()],
        )
        found = planted.among(await tables(connection))
        await transaction.rollback()

    assert found == {f"planted.{column}": ["it"] for column in "abcd"}


async def test_histories_and_descriptions_have_nothing(trail: Trail) -> None:
    client = await temporal(trail)
    everything = [*trail.described, *[each async for each in runs_in(client)]]

    assert Canaries(KNOWN).among(everything)
    assert trail.canaries(and_ordinary=True).among(everything) == {}


async def test_files_of_temporal_have_nothing(trail: Trail) -> None:
    files = list(files_below(trail.stack.directory.temporal))

    assert Canaries(KNOWN).among(files)
    assert trail.canaries(and_ordinary=True).among(files) == {}


async def test_logs_have_nothing(trail: Trail) -> None:
    logs = list(files_below(trail.stack.directory.logs))

    assert b'"level": "debug"' in b"".join(content for _, content in logs)
    assert trail.canaries(and_ordinary=True).among(logs) == {}


async def test_arguments_have_nothing(trail: Trail) -> None:
    arguments = [(name, arguments) for name, arguments, _ in trail.processes]

    assert trail.canaries(and_ordinary=True).among(arguments) == {}


async def test_environments_have_only_what_was_asked_for(trail: Trail) -> None:
    own = [
        (name, b"\0".join(_others(environment)))
        for name, _, environment in trail.processes
    ]

    assert trail.canaries(and_ordinary=True).among(own) == {}
    assert {each["SEEN"] for each in action_environments(trail)} == {
        trail.ordinary["environment variable"]
    }


async def test_no_file_is_left_with_a_secret(trail: Trail) -> None:
    directory = trail.stack.directory
    kept = {"postgres", "keys", "settings", "admin_password", "worker_token"}
    roots = [each for each in directory.root.iterdir() if each.name not in kept]

    left = files_below(trail.temporary, *[each for each in roots if each.is_dir()])

    assert trail.canaries(and_ordinary=True).among(left) == {}
    private = [directory.password_file, directory.worker_token_file]
    private += [*directory.settings.iterdir(), *(directory.root / "keys").iterdir()]
    assert {each.stat().st_mode & 0o777 for each in private} == {0o600}
    worker = (directory.settings / "worker.yaml").read_bytes()
    assert trail.canaries().found_in(worker) == []


async def test_answers_have_no_secret(trail: Trail) -> None:
    # Who may use a webhook sees its key.
    hidden = {n: t for n, t in trail.tokens.items() if "webhook key" not in n}
    canaries = Canaries({**trail.secret, **trail.keys, **hidden}, cut=True)

    assert canaries.among(trail.answers) == {}


async def test_viewers_see_no_key_of_a_webhook(trail: Trail) -> None:
    keys = {n: t for n, t in trail.tokens.items() if "webhook key" in n}
    seen = [each for each in trail.answers if each[0].endswith(" as viewer")]

    assert len(keys) == 2
    assert Canaries(keys, cut=True).among(seen) == {}


async def test_everything_was_asked(trail: Trail) -> None:
    """What was not asked for cannot have shown a secret."""
    heard = dict(trail.answers)["heard live"]

    assert trail.asked["admin"] >= trail.asked["viewer"] >= 100
    assert b"socket: " in heard
    assert b"/api/v1/executions/stream: data" in heard
    assert b"/api/v1/notifications/stream: data" in heard
    assert Canaries(trail.ordinary).found_in(
        b"".join(content for name, content in trail.answers if "as viewer" in name)
    )


async def test_tables_have_secrets_only_encrypted(trail: Trail) -> None:
    async with connected(trail.stack.database_url) as connection:
        found = trail.canaries(and_ordinary=True).among(await tables(connection))

    assert found == {
        "enforcement.payload": ["payload"],
        "event.config": ["header", "webhook key"],
        "event.payload": ["payload"],
        "execution.config": ["parameter"],
        "execution.env_vars": ["environment variable"],
        # What is no secret, beside a reference to one.
        "execution.secret_references": ["payload"],
        "trigger.webhook_key": ["signed webhook key", "webhook key"],
    }


async def test_files_of_the_database_have_no_secret(trail: Trail) -> None:
    """Former versions of rows and the write-ahead log are in there as well."""
    async with connected(trail.stack.database_url) as connection:
        await connection.execute("CHECKPOINT")
    files = list(files_below(trail.stack.directory.postgres))
    secret = {n: t for n, t in trail.tokens.items() if "webhook key" not in n}

    assert Canaries(trail.ordinary).among(files)
    assert Canaries({**trail.secret, **trail.keys, **secret}).among(files) == {}


def _others(environment: bytes) -> list[bytes]:
    """Return the variables without those that hold what a process was given."""
    sensor = (b"ATTUNE_SENSOR_CONFIG_", b"ATTUNE_SENSOR_TRIGGERS=")
    given = (b"ATTUNE_API_TOKEN=", b"SEEN=", *sensor)
    return [each for each in environment.split(b"\0") if not each.startswith(given)]
