from typing import NamedTuple

import asyncpg
import pytest

from tests.integration.db.plain_sql import (
    Row,
    Sql,
    delete,
    fetch,
    fetch_by_ref,
    insert,
    insert_action,
    insert_everything,
    insert_pack,
    insert_rule,
    insert_trigger,
    update,
)


class Link(NamedTuple):
    """A column with an id, beside one with a ref."""

    table: str
    id_column: str
    ref_column: str
    target_table: str
    target_ref: str


LINKS = [
    Link("runtime", "pack", "pack_ref", "pack", "deploy"),
    Link("runtime_version", "runtime", "runtime_ref", "runtime", "deploy.shell"),
    Link("worker", "runtime", "runtime_ref", "runtime", "deploy.shell"),
    Link("trigger", "pack", "pack_ref", "pack", "deploy"),
    Link("trigger", "sensor", "sensor_ref", "sensor", "deploy.watch"),
    Link("sensor", "pack", "pack_ref", "pack", "deploy"),
    Link("sensor", "runtime", "runtime_ref", "runtime", "deploy.shell"),
    Link("sensor", "trigger", "trigger_ref", "trigger", "deploy.pushed"),
    Link("action", "pack", "pack_ref", "pack", "deploy"),
    Link("action", "runtime", "runtime_ref", "runtime", "deploy.shell"),
    Link("rule", "pack", "pack_ref", "pack", "deploy"),
    Link("rule", "trigger", "trigger_ref", "trigger", "deploy.pushed"),
    Link("rule", "action", "action_ref", "action", "deploy.run"),
    Link("workflow_definition", "pack", "pack_ref", "pack", "deploy"),
    Link("permission_set", "pack", "pack_ref", "pack", "deploy"),
    Link("policy", "pack", "pack_ref", "pack", "deploy"),
    Link("policy", "action", "action_ref", "action", "deploy.run"),
    Link("pack_install", "pack", "pack_ref", "pack", "deploy"),
    Link("key", "owner_pack", "owner_pack_ref", "pack", "deploy"),
    Link("event", "trigger", "trigger_ref", "trigger", "deploy.pushed"),
    Link("event", "source", "source_ref", "sensor", "deploy.watch"),
    Link("event", "rule", "rule_ref", "rule", "deploy.on_push"),
    Link("enforcement", "rule", "rule_ref", "rule", "deploy.on_push"),
    Link("execution", "action", "action_ref", "action", "deploy.run"),
    Link(
        "workflow_execution",
        "workflow_def",
        "workflow_ref",
        "workflow_definition",
        "deploy.flow",
    ),
]
REST: dict[str, Row] = {
    "runtime": {"ref": "deploy.new", "name": "New"},
    "runtime_version": {"version": "1"},
    "worker": {"name": "one"},
    "trigger": {"ref": "deploy.new"},
    "sensor": {"ref": "deploy.new"},
    "action": {"ref": "deploy.new", "pack_ref": "deploy"},
    "rule": {
        "ref": "deploy.new",
        "pack_ref": "deploy",
        "trigger_ref": "deploy.pushed",
        "action_ref": "deploy.run",
    },
    "workflow_definition": {"ref": "deploy.new", "version": "1.0.0"},
    "permission_set": {"ref": "deploy.new"},
    "policy": {"ref": "deploy.new", "scope_type": "global"},
    "pack_install": {"pack_version": "1.0.0"},
    "key": {"owner_type": "pack", "name": "token", "value": "1"},
    "event": {"trigger_ref": "deploy.pushed"},
    "enforcement": {},
    "execution": {},
    "workflow_execution": {},
}
"""What else a row of each table has to have."""

ids = [f"{link.table}.{link.id_column}" for link in LINKS]
fill_links = pytest.mark.parametrize("link", LINKS, ids=ids)


async def _prepare(sql: Sql, link: Link) -> tuple[Row, Row]:
    """Write everything there is to refer to; return the target and the other values."""
    await insert_everything(sql)
    await insert(
        sql,
        "sensor",
        ref="deploy.watch",
        pack_ref="deploy",
        trigger_ref="deploy.pushed",
    )
    await insert(
        sql,
        "workflow_definition",
        ref="deploy.flow",
        pack_ref="deploy",
        version="1.0.0",
    )
    rest = {k: v for k, v in REST[link.table].items() if k != link.ref_column}
    if link.table == "workflow_execution":
        execution = await insert(sql, "execution", action_ref="deploy.run")
        rest["execution"] = execution["id"]
    return await fetch_by_ref(sql, link.target_table, link.target_ref), rest


@fill_links
async def test_id_is_filled_from_ref(sql: Sql, link: Link) -> None:
    target, rest = await _prepare(sql, link)

    row = await insert(sql, link.table, **rest | {link.ref_column: target["ref"]})

    assert row[link.id_column] == target["id"]


@fill_links
async def test_ref_is_filled_from_id(sql: Sql, link: Link) -> None:
    target, rest = await _prepare(sql, link)

    row = await insert(sql, link.table, **rest | {link.id_column: target["id"]})

    assert row[link.ref_column] == target["ref"]


@pytest.mark.parametrize(
    "link",
    [link for link in LINKS if (link.table, link.id_column) != ("event", "rule")],
    ids=lambda link: f"{link.table}.{link.id_column}",
)
async def test_id_and_ref_must_agree(sql: Sql, link: Link) -> None:
    target, rest = await _prepare(sql, link)
    pair = {link.id_column: target["id"], link.ref_column: "another.thing"}

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await insert(sql, link.table, **rest | pair)

    assert refusal.value.sqlstate in {"AT003", "AT005"}


@pytest.mark.parametrize("table", ["action", "rule", "workflow_definition"])
async def test_component_of_a_pack_needs_the_pack(sql: Sql, table: str) -> None:
    values = REST[table] | {"pack_ref": "deploy"}

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await insert(sql, table, **values)

    assert refusal.value.sqlstate == "AT003"
    assert refusal.value.constraint_name == f"{table}_pack"


async def test_id_that_leads_nowhere_is_refused(sql: Sql) -> None:
    await insert_pack(sql)

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await insert(sql, "action", ref="deploy.run", pack_ref="deploy", runtime=4711)


async def test_ref_may_name_what_does_not_exist_yet(sql: Sql) -> None:
    await insert_pack(sql)

    rule = await insert_rule(sql)

    assert (rule["trigger"], rule["action"]) == (None, None)


async def test_rule_finds_trigger_and_action_when_they_come(sql: Sql) -> None:
    await insert_pack(sql)
    rule = await insert_rule(sql)

    trigger = await insert_trigger(sql)
    action = await insert_action(sql)

    now = await fetch(sql, "rule", rule["id"])
    assert (now["trigger"], now["action"]) == (trigger["id"], action["id"])


async def test_rule_finds_a_trigger_that_comes_back(sql: Sql) -> None:
    await insert_everything(sql)
    rule = await fetch_by_ref(sql, "rule", "deploy.on_push")
    await delete(sql, "trigger", rule["trigger"])

    again = await insert_trigger(sql)

    assert (await fetch(sql, "rule", rule["id"]))["trigger"] == again["id"]


async def test_actions_find_a_runtime_when_it_comes(sql: Sql) -> None:
    await insert_pack(sql)
    action = await insert_action(sql, runtime_ref="core.shell")

    runtime = await insert(sql, "runtime", ref="core.shell", name="Shell")

    assert (await fetch(sql, "action", action["id"]))["runtime"] == runtime["id"]


async def test_changing_the_ref_changes_the_id(sql: Sql) -> None:
    await insert_everything(sql)
    other = await insert_action(sql, "deploy.other")
    rule = await fetch_by_ref(sql, "rule", "deploy.on_push")

    changed = await update(sql, "rule", rule["id"], action_ref="deploy.other")

    assert changed["action"] == other["id"]


async def test_changing_the_id_changes_the_ref(sql: Sql) -> None:
    await insert_everything(sql)
    other = await insert_action(sql, "deploy.other")
    rule = await fetch_by_ref(sql, "rule", "deploy.on_push")

    changed = await update(sql, "rule", rule["id"], action=other["id"])

    assert changed["action_ref"] == "deploy.other"


async def test_execution_takes_pack_runtime_rule_and_trigger_along(sql: Sql) -> None:
    await insert_everything(sql)
    enforcement = await insert(sql, "enforcement", rule_ref="deploy.on_push")

    execution = await insert(
        sql, "execution", action_ref="deploy.run", enforcement=enforcement["id"]
    )

    assert execution["pack_ref"] == "deploy"
    assert execution["runtime_ref"] == "deploy.shell"
    assert execution["rule_ref"] == "deploy.on_push"
    assert execution["trigger_ref"] == "deploy.pushed"


async def test_execution_takes_the_limits_of_its_action(sql: Sql) -> None:
    await insert_pack(sql)
    await insert_action(
        sql,
        timeout_seconds=7,
        default_execution_permission_set_refs=["core.viewer"],
    )

    by_default = await insert(sql, "execution", action_ref="deploy.run")
    by_wish = await insert(
        sql,
        "execution",
        action_ref="deploy.run",
        timeout_seconds=9,
        permission_set_refs=[],
    )

    assert by_default["timeout_seconds"] == 7
    assert by_default["permission_set_refs"] == ["core.viewer"]
    assert by_wish["timeout_seconds"] == 9
    assert by_wish["permission_set_refs"] == []


async def test_inquiry_remembers_the_login_of_its_assignee(sql: Sql) -> None:
    await insert_pack(sql)
    await insert_action(sql)
    execution = await insert(sql, "execution", action_ref="deploy.run")
    ada = await insert(sql, "identity", login="ada")

    inquiry = await insert(
        sql,
        "inquiry",
        execution=execution["id"],
        prompt="Go on?",
        assigned_to=ada["id"],
    )
    await delete(sql, "identity", ada["id"])

    now = await fetch(sql, "inquiry", inquiry["id"])
    assert (now["assigned_to"], now["assigned_to_login"]) == (None, "ada")
