import json
from collections.abc import AsyncIterator
from functools import partial
from operator import contains
from typing import Any

import pytest

from tests.integration.db.ear import CHANNELS, Ear, notifications
from tests.integration.db.plain_sql import (
    Row,
    Sql,
    count,
    delete,
    insert,
    insert_action,
    insert_everything,
    insert_pack,
    insert_trigger,
    update,
)
from tests.support.database import connected
from tests.support.eventually import eventually

LONGEST_MESSAGE = 7999
"""Bytes of a payload that PostgreSQL still takes."""


@pytest.fixture
async def ear(database_url: str) -> AsyncIterator[Ear]:
    """Listens on every channel, over a connection of its own."""
    ear = Ear()
    async with connected(database_url) as listening:
        for channel in CHANNELS:
            await listening.add_listener(channel, ear.hear)
        yield ear


async def insert_execution(sql: Sql, **values: Any) -> Row:
    await insert_pack(sql)
    await insert_action(sql)
    return await insert(sql, "execution", action_ref="deploy.run", **values)


async def test_notification_sends_its_keys_and_nothing_else(sql: Sql, ear: Ear) -> None:
    row = await insert(
        sql,
        "notification",
        channel="rule",
        entity_type="rule",
        entity="deploy.on_push",
        activity="created",
        content={"large": "x" * 100_000},
    )

    await eventually(lambda: ear.documents("rule"))
    assert ear.documents("rule") == [
        {
            "id": row["id"],
            "entity_type": "rule",
            "entity": "deploy.on_push",
            "activity": "created",
        }
    ]
    assert row["state"] == "created"


async def test_execution_announces_its_creation(sql: Sql, ear: Ear) -> None:
    execution = await insert_execution(sql)

    await eventually(lambda: ear.documents("execution_created"))
    [message] = ear.documents("execution_created")
    assert message["entity_type"] == "execution"
    assert message["entity_id"] == message["id"] == execution["id"]
    assert (message["status"], message["old_status"]) == ("requested", None)
    assert message["action_ref"] == "deploy.run"
    assert message["action_id"] == execution["action"]
    [row] = await notifications(sql, "execution")
    assert (row["channel"], row["activity"]) == ("execution", "created")
    assert row["entity"] == str(execution["id"])


async def test_execution_announces_each_change_of_status_once(
    sql: Sql, ear: Ear
) -> None:
    execution = await insert_execution(sql)

    for status in ("scheduled", "scheduled", "running", "completed"):
        await update(sql, "execution", execution["id"], status=status)
    await update(sql, "execution", execution["id"], result={"exit_code": 0})

    await eventually(lambda: len(ear.documents("execution_status_changed")) >= 3)
    assert [
        (message["old_status"], message["status"])
        for message in ear.documents("execution_status_changed")
    ] == [
        ("requested", "scheduled"),
        ("scheduled", "running"),
        ("running", "completed"),
    ]
    assert [row["activity"] for row in await notifications(sql, "execution")] == [
        "created",
        "scheduled",
        "running",
        "completed",
    ]


async def test_requested_execution_wakes_the_dispatcher(sql: Sql, ear: Ear) -> None:
    await insert_execution(sql)

    await eventually(lambda: ("attune_dispatch", "") in ear.heard)


async def test_execution_that_ends_at_once_wakes_no_dispatcher(
    sql: Sql, ear: Ear
) -> None:
    execution = await insert_execution(sql, status="failed")

    await eventually(lambda: ear.documents("execution_created"))
    assert ("attune_dispatch", "") not in ear.heard
    await update(sql, "execution", execution["id"], status="requested")
    await eventually(lambda: ("attune_dispatch", "") in ear.heard)


async def test_outbox_wakes_the_dispatcher(sql: Sql, ear: Ear) -> None:
    await insert(sql, "outbox", kind="signal")

    await eventually(lambda: ("attune_dispatch", "outbox") in ear.heard)


async def test_event_and_enforcement_announce_themselves(sql: Sql, ear: Ear) -> None:
    await insert_everything(sql)
    event = await insert(sql, "event", trigger_ref="deploy.pushed", payload={"v": 1})
    enforcement = await insert(
        sql, "enforcement", rule_ref="deploy.on_push", event=event["id"]
    )

    await update(sql, "enforcement", enforcement["id"], status="processed")

    await eventually(lambda: ear.documents("enforcement_status_changed"))
    [created] = ear.documents("event_created")
    [enforced] = ear.documents("enforcement_created")
    [changed] = ear.documents("enforcement_status_changed")
    assert (created["entity_id"], created["trigger_ref"]) == (
        event["id"],
        "deploy.pushed",
    )
    assert (enforced["rule_ref"], enforced["status"]) == ("deploy.on_push", "created")
    assert (changed["old_status"], changed["status"]) == ("created", "processed")


@pytest.mark.parametrize("status", ["responded", "timeout", "cancelled"])
async def test_inquiry_announces_what_became_of_it(
    sql: Sql, ear: Ear, status: str
) -> None:
    execution = await insert_execution(sql)
    inquiry = await insert(
        sql, "inquiry", execution=execution["id"], prompt="secret question"
    )

    await update(sql, "inquiry", inquiry["id"], status=status)

    await eventually(lambda: ear.documents(f"inquiry_{status}"))
    [created] = ear.documents("inquiry_created")
    [ended] = ear.documents(f"inquiry_{status}")
    assert created["execution"] == ended["execution"] == execution["id"]
    assert ended["status"] == status
    assert "secret" not in str(ear.heard)


async def test_workflow_announces_its_status(sql: Sql, ear: Ear) -> None:
    execution = await insert_execution(sql)
    workflow = await insert(
        sql, "workflow_execution", execution=execution["id"], workflow_ref="deploy.flow"
    )

    await update(sql, "workflow_execution", workflow["id"], status="running")

    await eventually(lambda: ear.documents("workflow_execution_status_changed"))
    [message] = ear.documents("workflow_execution_status_changed")
    assert (message["execution"], message["status"]) == (execution["id"], "running")


async def test_progress_tells_its_last_entry(sql: Sql, ear: Ear) -> None:
    artifact = await insert(
        sql, "artifact", ref="deploy.progress", scope="pack", type="progress"
    )

    await sql.execute(
        "UPDATE attune.artifact SET data = $1",
        json.dumps([{"percent": 1}, {"percent": 42.5, "message": "m" * 5000}]),
    )

    await eventually(lambda: ear.documents("artifact_updated"))
    [message] = ear.documents("artifact_updated")
    assert ear.documents("artifact_created")[0]["entity_id"] == artifact["id"]
    assert message["progress_percent"] == 42.5
    assert message["progress_message"] == "m" * 200
    assert message["progress_entries"] == 2


@pytest.mark.parametrize(
    "data",
    ["[]", '["text"]', '[{"percent": "half"}]', '[{"percent": 1e400}]', '{"a": 1}'],
)
async def test_progress_of_any_shape_can_be_stored(
    sql: Sql, ear: Ear, data: str
) -> None:
    await insert(
        sql, "artifact", ref="deploy.progress", scope="pack", type="progress", data=data
    )

    await eventually(lambda: ear.documents("artifact_created"))


async def test_log_says_that_there_is_more(sql: Sql, ear: Ear) -> None:
    execution = await insert_execution(sql)

    await insert(
        sql,
        "execution_log",
        execution=execution["id"],
        stream="stderr",
        byte_offset=0,
        content=b"\xff",
    )

    message = ("attune_log", f"{execution['id']}:stderr")
    await eventually(lambda: message in ear.heard)


WIDE = "\x01" * 255
"""As long as a ref may be, of characters that JSON writes with six."""


async def test_message_fits_whatever_the_rows_hold(sql: Sql, ear: Ear) -> None:
    huge = {"text": "x" * 1_000_000}
    event = await insert(
        sql,
        "event",
        trigger_ref=WIDE,
        source_ref=WIDE,
        rule_ref=WIDE,
        trace_tag=WIDE,
        payload=huge,
        config=huge,
    )
    enforcement = await insert(
        sql,
        "enforcement",
        rule_ref=WIDE,
        trigger_ref=WIDE,
        event=event["id"],
        config=huge,
        payload=huge,
    )
    execution = await insert(
        sql,
        "execution",
        action_ref=WIDE,
        pack_ref=WIDE,
        rule_ref=WIDE,
        trigger_ref=WIDE,
        trace_tag=WIDE,
        enforcement=enforcement["id"],
        config=huge,
        workflow_task={"task_name": "\u0001" * 9000, "task_index": 10**300},
    )
    await update(sql, "execution", execution["id"], status="running", result=huge)
    await insert(sql, "inquiry", execution=execution["id"], prompt="x" * 1_000_000)
    await insert(
        sql, "artifact", ref=WIDE, owner=WIDE, scope="pack", type="other", data=huge
    )

    await eventually(lambda: ear.documents("artifact_created"))
    assert max(len(text.encode()) for _, text in ear.heard) <= LONGEST_MESSAGE


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("pack", {"ref": "release", "label": "Release", "version": "1.0.0"}),
        ("runtime", {"ref": "core.shell", "name": "Shell"}),
        ("trigger", {"ref": "web.hook"}),
        ("sensor", {"ref": "web.watch"}),
        ("permission_set", {"ref": "web.admin"}),
        ("policy", {"ref": "web.calm", "scope_type": "global"}),
        ("identity", {"login": "ada"}),
        ("key", {"owner_type": "system", "name": "token", "value": '"canary"'}),
        ("worker", {"name": "one"}),
    ],
)
async def test_definition_leaves_a_notification_of_each_change(
    sql: Sql, table: str, values: Row
) -> None:
    row = await insert(sql, table, **values)
    change = {"cordoned": True} if table == "worker" else {"created": row["created"]}
    await update(sql, table, row["id"], **change)
    await delete(sql, table, row["id"])

    found = await notifications(sql, table)
    assert [(each["channel"], each["activity"]) for each in found] == [
        (table, "created"),
        (table, "updated"),
        (table, "deleted"),
    ]
    assert {each["entity"] for each in found} == {str(row["id"])}
    assert "canary" not in str(found)


async def test_heartbeat_leaves_no_notification(sql: Sql) -> None:
    worker = await insert(sql, "worker", name="one", status="active")

    await sql.execute("UPDATE attune.worker SET last_heartbeat = now()")

    assert [row["entity"] for row in await notifications(sql, "worker")] == [
        str(worker["id"])
    ]


@pytest.mark.parametrize("table", ["pack", "runtime", "trigger", "action", "rule"])
async def test_change_of_a_definition_is_told_to_caches(
    sql: Sql, ear: Ear, table: str
) -> None:
    await insert_everything(sql)
    row_id = await sql.fetchval(f"SELECT id FROM attune.{table}")  # noqa: S608 - the test's own names
    message = ("attune_definitions", f"{table}:{row_id}")
    await eventually(lambda: message in ear.heard)
    ear.heard.clear()

    await update(sql, table, row_id, description="changed")
    await eventually(lambda: message in ear.heard)
    ear.heard.clear()

    await delete(sql, table, row_id)
    await eventually(lambda: message in ear.heard)


async def test_own_configuration_of_a_pack_is_told_to_caches(
    sql: Sql, ear: Ear
) -> None:
    pack, ada = await insert_pack(sql), await insert(sql, "identity", login="ada")
    ear.heard.clear()

    row = await insert(sql, "pack_config", pack=pack["id"], identity=ada["id"])

    message = ("attune_definitions", f"pack_config:{row['id']}")
    await eventually(lambda: message in ear.heard)


async def test_error_noted_on_a_rule_is_no_change_of_it(sql: Sql, ear: Ear) -> None:
    await insert_everything(sql)
    before = await count(sql, "notification")
    ear.heard.clear()

    await sql.execute("UPDATE attune.rule SET last_error = 'x', last_error_at = now()")
    await insert_trigger(sql, "deploy.other")

    await eventually(lambda: ear.heard)
    assert not [text for _, text in ear.heard if text.startswith("rule")]
    assert await count(sql, "notification") == before + 1


async def test_change_of_a_permission_is_told_to_caches(sql: Sql, ear: Ear) -> None:
    ada = await insert(sql, "identity", login="ada")
    await insert_pack(sql)
    permset = await insert(sql, "permission_set", ref="deploy.admin")
    assignment = await insert(
        sql, "permission_assignment", identity=ada["id"], permset=permset["id"]
    )
    role = await insert(sql, "identity_role", identity=ada["id"], role="ops")
    granted = await insert(
        sql, "permission_set_role", permset=permset["id"], role="ops"
    )
    for table, row in (
        ("permission_set_role", granted),
        ("identity_role", role),
        ("permission_assignment", assignment),
        ("permission_set", permset),
        ("identity", ada),
    ):
        ear.heard.clear()
        await delete(sql, table, row["id"])
        message = ("attune_permissions", f"{table}:{row['id']}")
        await eventually(partial(contains, ear.heard, message))


async def test_nothing_is_heard_of_what_was_rolled_back(sql: Sql, ear: Ear) -> None:
    async with sql.transaction():
        await insert_pack(sql)
    ear.heard.clear()

    transaction = sql.transaction()
    await transaction.start()
    await insert_trigger(sql)
    await transaction.rollback()
    await insert_action(sql)

    await eventually(lambda: ear.heard)
    assert not [text for _, text in ear.heard if text.startswith("trigger")]
