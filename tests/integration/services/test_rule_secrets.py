"""Secrets in rules and across owners: referred to, and read only for the worker."""

import json
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from attune.clock import utc_now
from attune.db.database import Database, Transaction
from attune.db.models import Identity, Pack, PackConfig, Rule
from attune.domain.errors import Conflict
from attune.domain.json import Json
from attune.domain.key import OwnerType
from attune.runtimes.launch import ActionLaunch
from attune.runtimes.report import AttemptStart
from attune.services.event.intake import Intake, NewEvent
from attune.services.event.rulebook import Rulebook
from attune.services.key_value import key_place, seal_key
from tests.integration.services.test_attempt import ENCRYPTION, attempts
from tests.integration.services.test_workflow_secrets import (
    CONFIG,
    KEY,
    advance,
    child_of,
    make_secret_pack,
    make_workflow,
)
from tests.support.builders import (
    make_action,
    make_execution,
    make_identity,
    make_key,
    make_pack,
    make_permission_set,
    make_rule,
    make_trigger,
    make_worker,
)

SYSTEM = "canary-of-the-system"
DECRYPT = [{"resource": "keys", "actions": ["decrypt"]}]
PARAMETERS = {
    "headers": {"auth": "Bearer {{ keystore.system.token }}"},
    "pin": "{{ keystore.system.login.pin }}",
    "own": "{{ keystore.api }}",
    "config": "{{ pack.config.token }}@{{ pack.config.region }}",
    "seen": "{{ event.payload.seen }}",
}


async def make_system_keys(tx: Transaction, **fields: Any) -> None:
    """Write a text and an object that the system owns, encrypted."""
    values: dict[str, Json] = {"token": SYSTEM, "login": {"pin": 4711}}
    for name, value in values.items():
        ref = f"system.{name}"
        place = key_place("system", "system", ref)
        await make_key(
            tx,
            ref=ref,
            name=name,
            value=seal_key(ENCRYPTION, value, place=place),
            encrypted=True,
            encryption_key_hash=ENCRYPTION.key_hash,
            **fields,
        )


async def make_owner(tx: Transaction, **fields: Any) -> Identity:
    """Write somebody who may decrypt."""
    owner = await make_identity(tx, **fields)
    await make_permission_set(tx, owner, grants=DECRYPT)
    return owner


async def make_secret_rule(
    tx: Transaction, owner: Identity | None, pack: Pack, **parameters: str
) -> Rule:
    """Write a rule that hands secrets on to an action of another pack."""
    elsewhere = await make_pack(tx, ref="elsewhere")
    action = await make_action(tx, elsewhere, ref="elsewhere.call")
    trigger = await make_trigger(tx, pack, ref="vault.fired")
    return await make_rule(
        tx,
        trigger,
        action,
        ref="vault.rule",
        pack_id=pack.id,
        action_params=parameters or PARAMETERS,
        owner_identity_id=owner.id if owner else None,
    )


async def start_of_event(database: Database, sql: asyncpg.Connection) -> ActionLaunch:
    """Emit an event, and start what its rule makes of it."""
    intake = Intake(Rulebook(remembers=False), ENCRYPTION)
    async with database.transaction() as tx:
        payload: Json = {"seen": "plain", "forged": "{{ keystore.system.token }}"}
        await intake.accept(tx, NewEvent(trigger_ref="vault.fired", payload=payload))
        worker = await make_worker(tx)
    execution_id = await sql.fetchval("SELECT max(id) FROM attune.execution")
    start = AttemptStart(attempt_id="attempt-1", worker_id=worker.id)
    return await attempts(database).start(execution_id, start)


async def test_a_rule_hands_on_what_its_owner_may_decrypt(
    database: Database, sql: asyncpg.Connection
) -> None:
    async with database.transaction() as tx:
        await make_system_keys(tx)
        pack = await make_secret_pack(tx)
        await make_secret_rule(tx, await make_owner(tx), pack)

    launch = await start_of_event(database, sql)

    assert launch.parameters == {
        "headers": {"auth": f"Bearer {SYSTEM}"},
        "pin": 4711,
        "own": KEY,
        "config": f"{CONFIG}@eu",
        "seen": "plain",
    }
    assert {"headers", "pin", "own", "config"} <= set(launch.secret_parameters)
    row = await sql.fetchrow("SELECT * FROM attune.execution")
    enforcement = await sql.fetchrow("SELECT * FROM attune.enforcement")
    assert row
    assert enforcement
    assert json.loads(row["config"])["headers"] == {"auth": "Bearer ***"}
    assert json.loads(enforcement["config"]) == json.loads(row["config"])
    for table in ("execution", "enforcement", "event", "notification", "audit_event"):
        rows = await sql.fetch(f"SELECT t::text AS row FROM attune.{table} AS t")  # noqa: S608 - names of ours
        for canary in (KEY, CONFIG, SYSTEM):
            assert not any(canary in row["row"] for row in rows), (table, canary)
    trail = await sql.fetchval(
        "SELECT details FROM attune.audit_event WHERE event_type = 'execution.secrets_given'"
    )
    assert set(json.loads(trail)["secrets"]) == {
        "system.token",
        "system.login",
        "vault.api",
        "vault: config.token",
    }


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("{{ keystore.system.token }}", r"keystore\.system\.token: .*owner"),
        ("{{ keystore.api }}", r"keystore\.api: .*owner"),
        ("{{ pack.config.token }}", r"pack\.config\.token is secret"),
    ],
)
async def test_an_owner_who_may_no_longer_decrypt_hands_on_nothing(
    database: Database, sql: asyncpg.Connection, template: str, complaint: str
) -> None:
    async with database.transaction() as tx:
        await make_system_keys(tx)
        pack = await make_secret_pack(tx)
        await make_secret_rule(tx, await make_identity(tx), pack, text=template)

    with pytest.raises(Conflict, match=complaint):
        await start_of_event(database, sql)

    row = await sql.fetchrow("SELECT status, result FROM attune.execution")
    assert row
    assert row["status"] == "failed"
    assert "canary" not in row["result"]


async def test_a_frozen_owner_hands_on_nothing(
    database: Database, sql: asyncpg.Connection
) -> None:
    async with database.transaction() as tx:
        await make_system_keys(tx)
        owner = await make_owner(tx, frozen=True)
        await make_secret_rule(tx, owner, await make_secret_pack(tx))

    with pytest.raises(Conflict, match=r"keystore\.api: there is no such key"):
        await start_of_event(database, sql)


async def test_an_expired_key_fails_with_the_time_when_it_did(
    database: Database, sql: asyncpg.Connection
) -> None:
    async with database.transaction() as tx:
        await make_system_keys(tx, expires_at=utc_now() - timedelta(seconds=1))
        await make_secret_rule(tx, await make_owner(tx), await make_secret_pack(tx))

    with pytest.raises(Conflict, match=r"system\.\w+ expired at 20"):
        await start_of_event(database, sql)


@pytest.mark.parametrize("who", ["both", "author", "executor"])
async def test_a_workflow_reads_what_its_author_and_its_executor_may_decrypt(
    database: Database, sql: asyncpg.Connection, who: str
) -> None:
    async with database.transaction() as tx:
        await make_system_keys(tx)
        pack = await make_pack(tx, ref="flows")
        await make_action(tx, pack, ref="flows.call")
        task = {
            "name": "c",
            "action": "call",
            "input": {"x": "{{ keystore.system.token }}"},
        }
        author = await (make_owner if who != "executor" else make_identity)(tx)
        executor = await (make_owner if who != "author" else make_identity)(tx)
        action = await make_workflow(tx, pack, "flow", [task], {})
        definition = await tx.workflow_definitions.get_by_ref("flows.flow")
        definition.author_id = author.id
        await tx.flush()
        top = await make_execution(tx, action, executor_id=executor.id)
        worker = await make_worker(tx)
    await advance(database, top.id)
    start = AttemptStart(attempt_id="attempt-1", worker_id=worker.id)
    leaf = await child_of(sql, top.id)

    if who == "both":
        launch = await attempts(database).start(leaf, start)
        assert launch.parameters["x"] == SYSTEM
        return
    with pytest.raises(Conflict, match=r"keystore\.system\.token"):
        await attempts(database).start(leaf, start)


async def test_a_key_of_the_pack_cannot_pass_for_another(
    database: Database, sql: asyncpg.Connection
) -> None:
    async with database.transaction() as tx:
        await make_system_keys(tx)
        pack = await make_secret_pack(tx)
        await make_key(
            tx,
            name="imitation",
            ref="pack.vault.system.token",
            owner_type=OwnerType.PACK,
            owner_pack_id=pack.id,
            value="imitated",
        )
        text = "{{ keystore.system.token }}"
        await make_secret_rule(tx, await make_owner(tx), pack, text=text)

    launch = await start_of_event(database, sql)

    assert launch.parameters["text"] == SYSTEM


async def test_settings_count_as_the_owner_of_the_rule_wants_them(
    database: Database, sql: asyncpg.Connection
) -> None:
    async with database.transaction() as tx:
        await make_system_keys(tx)
        pack = await make_secret_pack(tx)
        pack.conf_schema = {**pack.conf_schema, "retries": {"default": 3}}
        owner = await make_owner(tx)
        own = {"region": "us", "token": "{{ keystore.system.token }}"}
        await tx.packs.keep_own_config(
            PackConfig(pack_id=pack.id, identity_id=owner.id, config=own)
        )
        text = "{{ pack.config.token }}@{{ pack.config.region }}:"
        await make_secret_rule(tx, owner, pack, text=text + "{{ pack.config.retries }}")

    launch = await start_of_event(database, sql)

    assert launch.parameters["text"] == f"{SYSTEM}@us:3"


async def test_a_setting_of_the_pack_gives_what_its_keys_hold(
    database: Database, sql: asyncpg.Connection
) -> None:
    async with database.transaction() as tx:
        await make_system_keys(tx)
        pack = await make_secret_pack(tx)
        configurer = await make_owner(tx)
        pack.config = {
            **pack.config,
            "own": "{{ keystore.api }}",
            "url": "https://{{ keystore.system.token }}@host",
        }
        pack.configured_by_id = configurer.id
        text = "{{ pack.config.own }} {{ pack.config.url }}"
        await make_secret_rule(tx, await make_owner(tx), pack, text=text)

    launch = await start_of_event(database, sql)

    assert launch.parameters["text"] == f"{KEY} https://{SYSTEM}@host"
    stored = await sql.fetchval("SELECT config FROM attune.execution")
    assert json.loads(stored)["text"] == "*** ***"


async def test_what_stands_beside_a_reference_in_a_secret_parameter_is_secret(
    database: Database, sql: asyncpg.Connection
) -> None:
    async with database.transaction() as tx:
        await make_system_keys(tx)
        pack = await make_secret_pack(tx)
        rule = await make_secret_rule(tx, await make_owner(tx), pack)
        action = await tx.actions.get_by_ref("elsewhere.call")
        secret = {"secret": True}
        action.param_schema = {"headers": secret, "line": secret}
        beside = {
            "auth": "{{ keystore.system.token }}",
            "of": ["{{ event.payload.seen }}"],
        }
        line = "{{ event.payload.seen }}:{{ keystore.system.token }}"
        rule.action_params = {"headers": beside, "line": line}

    launch = await start_of_event(database, sql)

    assert launch.parameters["headers"] == {"auth": SYSTEM, "of": ["plain"]}
    assert launch.parameters["line"] == f"plain:{SYSTEM}"
    stored = await sql.fetchval("SELECT config FROM attune.execution")
    assert json.loads(stored) == {"headers": "***", "line": "***"}
