"""Secrets in workflows: handed on as references, read only for the worker."""

import json
from typing import Any

import asyncpg
import pytest

from attune.db.database import Database, Transaction
from attune.db.models import Execution, Pack, WorkflowDefinition
from attune.domain.errors import Conflict
from attune.domain.execution import ExecutionStatus
from attune.domain.key import OwnerType
from attune.messages.workflow import Advance
from attune.runtimes.report import AttemptStart
from attune.services.execution.row import PreparedExecution
from attune.services.execution.write import write_secrets
from attune.services.key_value import key_place
from attune.services.sealing import pack_place, seal
from attune.services.workflow.advance import AdvanceService
from tests.integration.services.test_attempt import ENCRYPTION, attempts
from tests.support.builders import (
    make_action,
    make_execution,
    make_key,
    make_pack,
    make_runtime,
    make_worker,
)

KEY = "canary-of-the-key"
PARAMETER = "canary-of-the-parameter"
CONFIG = "canary-of-the-configuration"


async def make_workflow(
    tx: Transaction,
    pack: Pack,
    name: str,
    tasks: list[dict[str, Any]],
    schema: dict[str, Any],
) -> Any:
    """Write a workflow and the action that runs it."""
    definition = await tx.workflow_definitions.add(
        WorkflowDefinition(
            ref=f"{pack.ref}.{name}",
            pack_id=pack.id,
            version="1.0.0",
            definition={"version": "1.0.0", "tasks": tasks},
        )
    )
    builtin = await tx.runtimes.find_by_ref("core.builtin")
    if builtin is None:
        core = await make_pack(tx, ref="core")
        builtin = await make_runtime(tx, core, ref="core.builtin", execution_config={})
    return await make_action(
        tx,
        pack,
        builtin,
        ref=f"{pack.ref}.{name}",
        entrypoint="",
        param_schema=schema,
        workflow_def_id=definition.id,
    )


async def make_secret_pack(tx: Transaction) -> Pack:
    """Write a pack that owns a key and has a secret in its configuration."""
    pack = await make_pack(
        tx, ref="vault", conf_schema={"token": {"type": "string", "secret": True}}
    )
    pack.config = seal(
        ENCRYPTION,
        {"token"},
        {"token": CONFIG, "region": "eu"},
        place=pack_place(pack.ref),
    )
    place = key_place("pack", "vault", "vault.api")
    sealed = ENCRYPTION.encrypt(json.dumps(KEY), associated=place)
    await make_key(
        tx,
        ref="vault.api",
        name="api",
        owner_type=OwnerType.PACK,
        owner_pack_id=pack.id,
        value=sealed,
        encrypted=True,
        encryption_key_hash=ENCRYPTION.key_hash,
    )
    return pack


async def advance(database: Database, execution_id: int) -> None:
    """Take the first step of a workflow."""
    service = AdvanceService(database, ENCRYPTION, max_task_runs=100)
    question = Advance(execution_id=execution_id, room=10, look=True)
    orders = await service.advance(question)
    assert orders.status is None, orders


async def child_of(sql: asyncpg.Connection, parent_id: int) -> int:
    """Return the one execution that the workflow has started."""
    found = await sql.fetch(
        "SELECT id FROM attune.execution WHERE parent = $1", parent_id
    )
    assert len(found) == 1
    return int(found[0]["id"])


async def request(tx: Transaction, action: Any, **secrets: str) -> Execution:
    """Write an execution with secret parameters, as a request would."""
    hidden = dict.fromkeys(secrets, "***")
    execution = await make_execution(tx, action, config={**hidden, "open": "plain"})
    prepared = PreparedExecution({}, secrets)
    await write_secrets(tx, ENCRYPTION, [(execution.id, prepared)])
    return execution


async def test_a_worker_is_told_what_nobody_else_sees(
    database: Database, sql: asyncpg.Connection
) -> None:
    async with database.transaction() as tx:
        pack = await make_secret_pack(tx)
        await make_action(
            tx, pack, ref="vault.call", param_schema={"count": {"type": "integer"}}
        )
        inner = await make_workflow(
            tx,
            pack,
            "inner",
            [
                {
                    "name": "call",
                    "action": "call",
                    "input": {
                        "headers": {"auth": ["Bearer {{ keystore.api }}"]},
                        "pin": "{{ parameters.pin }}",
                        "url": "https://{{ config.region }}/{{ config.token }}",
                        "seen": "{{ parameters.open }}",
                        "count": "{{ keystore.api }}",
                    },
                }
            ],
            {"pin": {"type": "string", "secret": True}},
        )
        outer = await make_workflow(
            tx,
            pack,
            "outer",
            [{"name": "nest", "action": "inner"}],
            {"pin": {"type": "string", "secret": True}},
        )
        top = await request(tx, outer, pin=PARAMETER)
        worker = await make_worker(tx)
    await advance(database, top.id)
    nested = await child_of(sql, top.id)
    await advance(database, nested)
    leaf = await child_of(sql, nested)

    start = AttemptStart(attempt_id="attempt-1", worker_id=worker.id)
    launch = await attempts(database).start(leaf, start)

    assert inner.id
    assert launch.parameters == {
        "api": KEY,
        "headers": {"auth": [f"Bearer {KEY}"]},
        "pin": PARAMETER,
        "url": f"https://eu/{CONFIG}",
        "seen": "plain",
        "count": KEY,
    }
    assert {"headers", "pin", "url", "count"} <= set(launch.secret_parameters)
    for table in ("execution", "workflow_execution", "workflow_task", "outbox"):
        rows = await sql.fetch(f"SELECT t::text AS row FROM attune.{table} AS t")  # noqa: S608 - names of ours
        for canary in (KEY, PARAMETER, CONFIG):
            assert not any(canary in row["row"] for row in rows), (table, canary)


async def test_a_key_that_is_not_there_fails_the_task_with_its_name(
    database: Database, sql: asyncpg.Connection
) -> None:
    async with database.transaction() as tx:
        pack = await make_secret_pack(tx)
        await make_action(tx, pack, ref="vault.call")
        tasks = [
            {"name": "c", "action": "call", "input": {"x": "{{ keystore.missing }}"}}
        ]
        action = await make_workflow(tx, pack, "flow", tasks, {})
        top = await make_execution(tx, action)
        worker = await make_worker(tx)
    await advance(database, top.id)
    leaf = await child_of(sql, top.id)

    start = AttemptStart(attempt_id="attempt-1", worker_id=worker.id)
    with pytest.raises(Conflict, match=r"keystore\.missing"):
        await attempts(database).start(leaf, start)

    row = await sql.fetchrow("SELECT * FROM attune.execution WHERE id = $1", leaf)
    assert row is not None
    assert row["status"] == ExecutionStatus.FAILED
    assert "keystore.missing" in row["result"]


async def test_data_that_looks_like_a_reference_is_data(
    database: Database, sql: asyncpg.Connection
) -> None:
    async with database.transaction() as tx:
        pack = await make_secret_pack(tx)
        await make_action(tx, pack, ref="vault.call")
        tasks = [{"name": "c", "action": "call", "input": {"x": "{{ parameters.x }}"}}]
        action = await make_workflow(tx, pack, "flow", tasks, {})
        forged = "{{ keystore.api }}"
        top = await make_execution(tx, action, config={"x": forged})
        worker = await make_worker(tx)
    await advance(database, top.id)

    start = AttemptStart(attempt_id="attempt-1", worker_id=worker.id)
    launch = await attempts(database).start(await child_of(sql, top.id), start)

    assert launch.parameters["x"] == forged
