from tests.integration.db.plain_sql import (
    Sql,
    fetch,
    insert,
    insert_everything,
    update,
)


async def test_event_keeps_trigger_and_sensor_as_they_were(sql: Sql) -> None:
    await insert_everything(sql)
    await insert(
        sql, "sensor", ref="deploy.watch", pack_ref="deploy", config={"every": 5}
    )
    event = await insert(
        sql, "event", trigger_ref="deploy.pushed", source_ref="deploy.watch"
    )

    await update(sql, "trigger", event["trigger"], label="Something else")

    snapshot = (await fetch(sql, "event", event["id"]))["config"]["snapshot"]
    assert snapshot["trigger"]["label"] == "Pushed"
    assert snapshot["trigger"]["out_schema"] == {"branch": {"type": "string"}}
    assert snapshot["sensor"]["config"] == {"every": 5}


async def test_snapshot_of_a_sensor_holds_no_secret_and_no_program(sql: Sql) -> None:
    await insert_everything(sql)
    await insert(
        sql,
        "sensor",
        ref="deploy.watch",
        pack_ref="deploy",
        entrypoint="echo " + "x" * 10_000,
        param_schema={
            "password": {"type": "string", "secret": True},
            "login": {"type": "object", "properties": {"word": {"secret": True}}},
        },
        config={
            "password": "canary",
            "login": {"word": "canary"},
            "token": {"$encrypted": "canary"},
            "every": 5,
            "nothing": None,
        },
    )

    event = await insert(
        sql, "event", trigger_ref="deploy.pushed", source_ref="deploy.watch"
    )

    sensor = event["config"]["snapshot"]["sensor"]
    assert "canary" not in str(event)
    assert sensor["config"]["every"] == 5
    assert len(sensor["entrypoint"]) == 255


async def test_event_keeps_what_its_sender_put_in_config(sql: Sql) -> None:
    await insert_everything(sql)

    event = await insert(
        sql, "event", trigger_ref="deploy.pushed", config={"source": "webhook"}
    )

    assert event["config"]["source"] == "webhook"
    assert event["config"]["snapshot"]["trigger"]["ref"] == "deploy.pushed"


async def test_snapshot_of_a_trigger_holds_no_webhook_secret(sql: Sql) -> None:
    await insert_everything(sql)
    await sql.execute(
        "UPDATE attune.trigger SET webhook_enabled = true, webhook_key = 'wh_canary',"
        """ webhook_config = '{"hmac": {"secret": "canary"}}'"""
    )

    event = await insert(sql, "event", trigger_ref="deploy.pushed")
    enforcement = await insert(sql, "enforcement", rule_ref="deploy.on_push")

    assert "canary" not in str(event) + str(enforcement)


async def test_enforcement_keeps_rule_and_trigger_as_they_were(sql: Sql) -> None:
    await insert_everything(sql)
    enforcement = await insert(
        sql, "enforcement", rule_ref="deploy.on_push", config={"branch": "main"}
    )

    await update(sql, "rule", enforcement["rule"], action_params={"branch": "other"})

    now = await fetch(sql, "enforcement", enforcement["id"])
    assert now["definition"]["rule"]["action_params"] == {
        "branch": "{{ event.payload.branch }}"
    }
    assert now["definition"]["trigger"]["ref"] == "deploy.pushed"
    assert now["config"] == {"branch": "main"}


async def test_execution_keeps_action_runtime_and_pack_as_they_were(sql: Sql) -> None:
    await insert_everything(sql)
    await insert(
        sql,
        "runtime_version",
        runtime_ref="deploy.shell",
        version="5",
        is_default=True,
        execution_config={"interpreter": {"binary": "/bin/bash5"}},
    )
    execution = await insert(
        sql, "execution", action_ref="deploy.run", config={"branch": "main"}
    )

    await update(sql, "action", execution["action"], entrypoint="echo another")
    await sql.execute("UPDATE attune.runtime SET execution_config = '{}'")
    await sql.execute("UPDATE attune.pack SET version = '2.0.0'")

    definition = (await fetch(sql, "execution", execution["id"]))["definition"]
    assert definition["action"]["entrypoint"] == "echo run"
    assert definition["action"]["on_worker_loss"] == "abandon"
    assert definition["runtime"]["execution_config"] == {
        "interpreter": {"binary": "/bin/bash"}
    }
    assert definition["runtime"]["versions"] == [
        {
            "version": "5",
            "is_default": True,
            "execution_config": {"interpreter": {"binary": "/bin/bash5"}},
        }
    ]
    assert definition["pack"]["version"] == "1.0.0"
    assert execution["config"] == {"branch": "main"}


async def test_snapshot_that_is_given_is_kept(sql: Sql) -> None:
    await insert_everything(sql)
    mine = {"action": {"ref": "deploy.run", "entrypoint": "mine"}}

    execution = await insert(sql, "execution", action_ref="deploy.run", definition=mine)

    assert execution["definition"] == mine


async def test_history_of_what_never_existed_has_no_snapshot(sql: Sql) -> None:
    execution = await insert(sql, "execution", action_ref="gone.run")
    enforcement = await insert(
        sql, "enforcement", rule_ref="gone.rule", trigger_ref="gone.trigger"
    )
    event = await insert(sql, "event", trigger_ref="gone.trigger")

    assert execution["definition"] == enforcement["definition"] == {}
    assert event["config"] == {"snapshot": {}}
