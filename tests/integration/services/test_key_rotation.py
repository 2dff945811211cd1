"""A new encryption key for everything, while the service reads and writes."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from typing import Any

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from attune.api.app import create_app
from attune.config import Settings
from attune.config_groups import DatabaseSettings, SecuritySettings
from attune.db.database import Database
from attune.db.models import PackConfig
from attune.domain.permission import TokenType
from attune.security.encryption import Encryption
from attune.services.execution.row import PreparedExecution
from attune.services.execution.write import read_secrets, write_secrets
from attune.services.key_rotation import RotationService
from attune.services.sealing import own_place, seal, unseal
from tests.integration.api.people import Api
from tests.support.builders import make_execution, make_identity, make_runtime

SIGNING = "Signs.the.tokens.of.these.tests-0123456789"
OLD = "Encrypts.what.was.before.the.change-987654"
NEW = "Encrypts.what.comes.after.the.change-13579"
KEYS = 100
EVERYTHING = {
    "keys": KEYS,
    "secret parameters of executions": 1,
    "configurations of packs": 1,
    "own configurations of packs": 1,
    "parameters of rules": 1,
    "configurations of rules for sensors": 1,
    "configurations of sensors": 1,
    "webhooks": 1,
}


def settings(url: str, current: str, *previous: str) -> Settings:
    return Settings(
        database=DatabaseSettings(url=SecretStr(url)),
        security=SecuritySettings(
            jwt_secret=SecretStr(SIGNING),
            encryption_key=SecretStr(current),
            previous_encryption_keys=[SecretStr(each) for each in previous],
        ),
    )


class Client:
    """An administrator at an API that was started with these keys."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def send(self, method: str, path: str, body: object = None) -> Any:
        answer = await self._http.request(method, f"/api/v1{path}", json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()["data"]


class Served:
    """An API with these keys, for as long as a block lasts."""

    def __init__(self, database: Database, url: str, *keys: str) -> None:
        self._database = database
        self._app = create_app(settings(url, *keys))
        self._context = self._app.router.lifespan_context(self._app)

    async def __aenter__(self) -> Client:
        await self._context.__aenter__()
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://attune")
        api = Api(
            client=self._http, app=self._app, database=self._database, secret=SIGNING
        )
        who = await api.administrator()
        self._http.headers.update(
            api.headers(TokenType.ACCESS, who.id, login=who.login)
        )
        return Client(self._http)

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()
        await self._context.__aexit__(None, None, None)


async def fill(client: Client, database: Database) -> int:
    """Have something encrypted in every place; returns an execution with a secret."""
    secret = {"token": {"type": "string", "secret": True}}
    pack = {"ref": "vault", "label": "Vault", "version": "1.0.0"}
    config = {"conf_schema": secret, "config": {"token": "of-the-pack"}}
    made = await client.send("POST", "/packs", pack | config)
    await client.send(
        "POST",
        "/triggers",
        {"ref": "vault.t", "pack_ref": "vault", "label": "T", "param_schema": secret},
    )
    hook = {"hmac": {"enabled": True, "secret": "of-the-webhook"}}
    await client.send("PUT", "/triggers/vault.t/webhooks/config", hook)
    action = {
        "ref": "vault.a",
        "pack_ref": "vault",
        "label": "A",
        "entrypoint": "true",
        "param_schema": secret,
    }
    await client.send("POST", "/actions", action)
    rule = {
        "ref": "vault.r",
        "pack_ref": "vault",
        "label": "R",
        "trigger_ref": "vault.t",
        "action_ref": "vault.a",
        "action_params": {"token": "of-the-rule"},
        "trigger_params": {"token": "of-the-trigger"},
    }
    await client.send("POST", "/rules", rule)
    sensor = {
        "ref": "vault.s",
        "pack_ref": "vault",
        "label": "S",
        "trigger_ref": "vault.t",
        "entrypoint": "true",
        "runtime_ref": "vault.shell",
        "param_schema": secret,
        "config": {"token": "of-the-sensor"},
    }
    async with database.transaction() as tx:
        pack_row = await tx.packs.get_by_ref("vault")
        await make_runtime(tx, pack_row, ref="vault.shell")
    await client.send("POST", "/sensors", sensor)
    for number in range(KEYS):
        body = {"name": f"k{number}", "owner_type": "system", "encrypted": True}
        await client.send("POST", "/keys", body | {"value": number})
    async with database.transaction() as tx:
        found = await make_execution(tx, await tx.actions.get_by_ref("vault.a"))
        prepared = PreparedExecution({}, {"token": "of-the-execution"})
        await write_secrets(tx, Encryption(OLD), [(found.id, prepared)])
        person = await make_identity(tx)
        own = seal(
            Encryption(OLD),
            {"token"},
            {"token": "of-a-person"},
            place=own_place("vault", person.id),
        )
        tx.session.add(
            PackConfig(pack_id=made["id"], identity_id=person.id, config=own)
        )
    return found.id


async def key_command(url: str, *words: str) -> Process:
    """Start `attune key` as a server's administrator would after the change."""
    environment = {
        "PATH": os.environ["PATH"],
        "ATTUNE__DATABASE__URL": url,
        "ATTUNE__SECURITY__ENCRYPTION_KEY": NEW,
        "ATTUNE__SECURITY__PREVIOUS_ENCRYPTION_KEYS": OLD,
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "attune", "key", *words),
        env=environment,
        stdout=PIPE,
        stderr=PIPE,
    )


async def status(url: str) -> dict[str, Any]:
    """Return what `attune key status` says, by what the key is."""
    process = await key_command(url, "status", "-j")
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return {each["role"]: each for each in json.loads(output)}


async def read_all_the_time(client: Client, stop: asyncio.Event) -> int:
    """Read keys until told to stop; returns how many reads there were."""
    reads = 0
    while not stop.is_set():
        number = reads % KEYS
        assert (await client.send("GET", f"/keys/system.k{number}"))["value"] == number
        changed = {"value": number, "name": f"k{number}"}
        if reads % 10 == 0:
            await client.send("PUT", f"/keys/system.k{number}", changed)
        reads += 1
    return reads


async def interrupted_rotation(url: str) -> dict[str, Any]:
    """Rotate, killed in the middle, then to the end; returns the state between."""
    killed = await key_command(url, "rotate", "--batch", "1")
    assert killed.stderr
    assert (await killed.stderr.readline()).startswith(b"keys: 1 done")
    killed.send_signal(signal.SIGKILL)
    await killed.wait()
    halfway = await status(url)
    resumed = await key_command(url, "rotate", "--batch", "7")
    output, errors = await resumed.communicate()
    assert resumed.returncode == 0, errors.decode()
    assert b"are encrypted anew" in output
    return halfway


async def rows_with(sql: asyncpg.Connection, text: str) -> list[str]:
    """Return every row of every table that holds the text."""
    tables = await sql.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'attune'"
    )
    found: list[str] = []
    for table in tables:
        query = f"SELECT t::text AS row FROM attune.{table['tablename']} AS t"  # noqa: S608 - names of ours
        found += [each["row"] for each in await sql.fetch(query)]
    return [row for row in found if text in row]


async def test_a_rotation_that_is_killed_goes_on_and_fails_no_read(
    database: Database, database_url: str, sql: asyncpg.Connection
) -> None:
    async with Served(database, database_url, OLD) as client:
        execution_id = await fill(client, database)
    old, new = Encryption(OLD), Encryption(NEW)

    async with Served(database, database_url, NEW, OLD) as client:
        stop = asyncio.Event()
        reading = asyncio.create_task(read_all_the_time(client, stop))
        halfway = await interrupted_rotation(database_url)
        stop.set()
        assert await reading > 0

    assert halfway["current"]["key_hash"] == new.key_hash
    assert halfway["previous"]["key_hash"] == old.key_hash
    assert halfway["previous"]["total"] > 0
    after = await status(database_url)
    assert after["previous"]["total"] == 0
    assert after["current"]["counts"] == EVERYTHING
    assert await rows_with(sql, old.key_hash) == []
    async with Served(database, database_url, NEW) as client:
        assert (await client.send("GET", "/keys/system.k0"))["value"] == 0
    async with database.transaction() as tx:
        secrets = await read_secrets(tx, new, execution_id)
    assert secrets == {"token": "of-the-execution"}
    own = await sql.fetchrow("SELECT identity, config FROM attune.pack_config")
    assert own
    place = own_place("vault", own["identity"])
    assert unseal(new, json.loads(own["config"]), place=place)["token"] == "of-a-person"


async def test_what_no_key_decrypts_is_named_and_left_alone(
    database: Database, database_url: str, sql: asyncpg.Connection
) -> None:
    lost = "Nobody.knows.this.key.any.more-24680-24680"
    body = {"owner_type": "system", "encrypted": True, "value": "v"}
    async with Served(database, database_url, lost) as client:
        await client.send("POST", "/keys", body | {"name": "lost"})
    async with Served(database, database_url, OLD) as client:
        await client.send("POST", "/keys", body | {"name": "kept"})
    before = await sql.fetchval("SELECT value FROM attune.key WHERE name = 'lost'")
    service = RotationService(database, Encryption(NEW, OLD))

    rotation = await service.rotate()

    assert rotation.done == 1
    assert len(rotation.unreadable) == 1
    assert "system.lost" in rotation.unreadable[0]
    trail = await sql.fetchrow(
        "SELECT * FROM attune.audit_event WHERE event_type = 'encryption_key.rotated'"
    )
    assert trail
    assert trail["outcome"] == "failure"
    assert json.loads(trail["details"])["done"] == 1
    uses = {use.key_hash: use for use in await service.uses()}
    assert not uses[Encryption(lost).key_hash].is_known
    assert uses[Encryption(lost).key_hash].total == 1
    assert uses[Encryption(OLD).key_hash].total == 0
    after = await sql.fetchval("SELECT value FROM attune.key WHERE name = 'lost'")
    assert after == before


@pytest.mark.parametrize("word", ["rotate", "status"])
async def test_a_server_without_keys_is_told_what_is_missing(word: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "attune", "key", word),
        env={"PATH": os.environ["PATH"]},
        stderr=PIPE,
    )
    _, errors = await process.communicate()

    assert process.returncode == 2
    assert b"ATTUNE__SECURITY__ENCRYPTION_KEY is not set" in errors
