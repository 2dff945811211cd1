"""The audit trail: every change with who made it, none of the platform's own, no secret."""

from typing import Any

import pytest

from attune.db.database import Database
from attune.domain.execution import ExecutionStatus as Status
from attune.domain.permission import TokenType
from tests.integration.api.defining import Workshop, make_workshop
from tests.integration.api.people import PASSWORD, Api, grant
from tests.support.builders import make_action, make_execution

CANARY = "c4n4ry-0f-th3-tr41l"


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """Somebody who may do everything."""
    return await make_workshop(api)


async def trail(shop: Workshop, **wanted: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await shop.get("/audit-events", **wanted))["items"]
    return found


async def test_change_is_recorded_with_who_made_it_and_from_where(
    shop: Workshop,
) -> None:
    await shop.post("/triggers", shop.trigger_body())
    ref = f"{shop.pack.ref}.fired"
    await shop.put(f"/triggers/{ref}", {"label": "Other", "enabled": False})
    await shop.send("DELETE", f"/triggers/{ref}")

    events = await trail(shop, resource_type="trigger", resource_ref=ref)

    kinds = ["trigger.deleted", "trigger.updated", "trigger.created"]
    assert [event["event_type"] for event in events] == kinds
    whole = await shop.get(f"/audit-events/{events[1]['id']}")
    assert whole["actor_identity"] == shop.who.id
    assert whole["actor_login"] == shop.who.login
    assert (whole["actor_token_type"], whole["actor_ip"]) == ("access", "127.0.0.1")
    assert (whole["http_method"], whole["http_path"]) == (
        "PUT",
        f"/api/v1/triggers/{ref}",
    )
    assert whole["details"] == {"changed": ["enabled", "label"], "enabled": False}
    chain = await shop.get(f"/audit-events/by-request/{whole['request_id']}")
    assert [event["id"] for event in chain] == [whole["id"]]


async def test_change_that_is_undone_leaves_no_record(shop: Workshop) -> None:
    await shop.post("/triggers", shop.trigger_body())
    before = await trail(shop)

    answer = await shop.send("POST", "/triggers", shop.trigger_body())

    assert answer.status_code == 409
    assert await trail(shop) == before


async def test_work_of_the_platform_and_plain_sql_are_nobodys_doing(
    shop: Workshop, database: Database, sql: Any
) -> None:
    async with database.transaction() as tx:
        await make_action(tx)
    await sql.execute("UPDATE attune.pack SET label = 'Other'")

    assert await trail(shop) == []


async def test_denied_request_is_recorded_with_what_it_needed(
    api: Api, shop: Workshop
) -> None:
    fellow = await api.person([grant("packs", "read")])

    answer = await shop.send("POST", "/triggers", shop.trigger_body(), who=fellow)

    assert answer.status_code == 403
    [event] = await trail(shop, outcome="denied", actor_login=fellow.login)
    whole = await shop.get(f"/audit-events/{event['id']}")
    assert (whole["event_type"], whole["http_status"]) == ("request.denied", 403)
    assert whole["details"] == {"needs": "triggers:create"}


async def test_what_was_asked_to_run_and_to_end_is_recorded(
    shop: Workshop, database: Database
) -> None:
    await shop.action()
    order = {"action_ref": f"{shop.pack.ref}.work"}
    execution = await shop.post("/executions/execute", order)
    async with database.transaction() as tx:
        await make_execution(tx, await make_action(tx), status=Status.REQUESTED)
    await shop.post(f"/executions/{execution['id']}/cancel")

    events = await trail(shop, category="execution")

    assert [event["event_type"] for event in events] == [
        "execution.cancel_requested",
        "execution.requested",
    ]
    assert {event["resource_id"] for event in events} == {execution["id"]}


async def test_reading_a_secret_is_recorded_and_the_secret_is_not(
    shop: Workshop, sql: Any
) -> None:
    body = {
        "ref": f"pack.{shop.pack.ref}.password",
        "owner_type": "pack",
        "owner_pack_ref": shop.pack.ref,
        "name": "password",
        "value": CANARY,
        "encrypted": True,
    }
    made = await shop.post("/keys", body)

    await shop.get(f"/keys/{made['ref']}", decrypt="true")

    events = await trail(shop, category="secret")
    kinds = [event["event_type"] for event in events]
    assert kinds == ["key.decrypted", "key.created"]
    assert events[0]["actor_login"] == shop.who.login
    rows = await sql.fetch("SELECT row_to_json(a)::text FROM attune.audit_event AS a")
    assert rows
    assert not [row for row in rows if CANARY in row[0]]


async def test_execution_that_changes_something_is_named(
    shop: Workshop, database: Database
) -> None:
    async with database.transaction() as tx:
        execution = await make_execution(tx, await make_action(tx))
    action_ref = f"{shop.pack.ref}.work"
    token = shop.api.headers(
        TokenType.EXECUTION,
        shop.who.id,
        login=f"execution:{execution.id}",
        execution_id=execution.id,
        action_ref=action_ref,
        permission_set_refs=["standard"],
    )

    await shop.api.client.post(
        "/api/v1/artifacts",
        json={
            "ref": f"{shop.pack.ref}.made",
            "scope": "action",
            "owner": action_ref,
            "type": "other",
        },
        headers=token,
    )

    [event] = await trail(shop, event_type="artifact.created")
    whole = await shop.get(f"/audit-events/{event['id']}")
    assert whole["actor_execution"] == execution.id


async def test_trail_is_for_those_who_may_and_cannot_be_changed(
    api: Api, shop: Workshop
) -> None:
    await shop.post("/triggers", shop.trigger_body())
    [event] = await trail(shop, event_type="trigger.created")
    fellow = await api.person([grant("triggers", "read")])

    path = f"/audit-events/{event['id']}"
    assert (await shop.send("GET", path, who=fellow)).status_code == 403
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await shop.send(method, path, {})).status_code == 405


async def test_logins_are_recorded_but_not_what_may_be_a_password(
    api: Api, shop: Workshop, sql: Any
) -> None:
    fellow = await api.person()

    for login, password in (
        (fellow.login, PASSWORD),
        (fellow.login, "wrong"),
        (CANARY, "wrong"),
    ):
        await api.client.post(
            "/auth/login", json={"login": login, "password": password}
        )

    events = await trail(shop, category="auth")
    assert [(e["outcome"], e.get("actor_login")) for e in events] == [
        ("failure", None),
        ("failure", fellow.login),
        ("success", fellow.login),
    ]
    rows = await sql.fetch("SELECT row_to_json(a)::text FROM attune.audit_event AS a")
    assert not [row for row in rows if CANARY in row[0]]
