"""Inquiries, as the published client asks, finds, changes and answers them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sdk.sdk import Sdk, differences
from tests.support.eventually import eventually

SCHEMA = {
    "approved": {"type": "boolean", "required": True},
    "comment": {"type": "string"},
}


async def test_a_question_is_found_and_answered(sdk: Sdk) -> None:
    me = await sdk.data("auth.get_current_user")
    parameters = {
        "prompt": "Ship it?",
        "response_schema": SCHEMA,
        "assigned_to": me["login"],
        "timeout_seconds": 3600,
    }
    execution_id = await execute(sdk, "core.ask", **parameters)
    asked = await question_of(sdk, execution_id)

    by = {"status": "pending", "execution": execution_id, "assigned_to": me["id"]}
    listed = await sdk.items("inquiries.list_inquiries", **by, offset=0, limit=5)
    nobody = await sdk.items("inquiries.list_inquiries", **by, offset=1, limit=5)
    found = await sdk.data("inquiries.get_inquiry", id=asked["id"])
    answer = {"approved": True, "comment": "Go"}
    answered = await respond(sdk, asked["id"], answer)

    assert (listed, nobody) == ([asked], [])
    pending = {
        "prompt": "Ship it?",
        "response_schema": SCHEMA,
        "assigned_to": me["id"],
        "status": "pending",
        "response": None,
        "responded_at": None,
    }
    assert differences(found, pending) == {}
    assert found["timeout_at"]
    responded = {"status": "responded", "response": answer}
    assert differences(answered, responded) == {}
    assert answered["responded_at"]
    ended = await sdk.data("executions.get_execution", id=execution_id)
    assert ended["status"] == "completed"
    assert ended["result"]["response"] == answer


async def test_what_is_not_asked_for_is_no_answer(sdk: Sdk) -> None:
    execution_id = await execute(
        sdk, "core.ask", prompt="Ship it?", response_schema=SCHEMA
    )
    asked = await question_of(sdk, execution_id)
    wrong = {"id": asked["id"], "body": {"response": {"comment": 7}}}

    refused = await sdk.refused("inquiries.respond_to_inquiry", 422, **wrong)
    await respond(sdk, asked["id"], {"approved": False})
    again = {"id": asked["id"], "body": {"response": {"approved": True}}}

    assert len(refused["details"]["problems"]) == 2
    late = await sdk.refused("inquiries.respond_to_inquiry", 400, **again)
    assert "responded" in late["error"]


async def test_a_question_is_asked_for_what_runs_changed_and_taken_back(
    sdk: Sdk, pack: str
) -> None:
    me = await sdk.data("auth.get_current_user")
    execution_id = await execute(sdk, await sleeping(sdk, pack))
    until = datetime.now(UTC) + timedelta(hours=1)
    sent: dict[str, Any] = {
        "execution": execution_id,
        "prompt": "Still needed?",
        "response_schema": {},
        "timeout_at": until.isoformat(),
    }

    made = await sdk.data("inquiries.create_inquiry", body=sent)
    twice = await sdk.refused("inquiries.create_inquiry", 409, body=sent)
    path = {"id": made["id"]}
    changed = await sdk.data(
        "inquiries.update_inquiry",
        **path,
        body={"response": None, "assigned_to": me["id"]},
    )
    forged = {"response": {"approved": True}, "status": "responded"}
    await sdk.refused("inquiries.update_inquiry", 422, **path, body=forged)
    taken_back = await sdk.data(
        "inquiries.update_inquiry",
        **path,
        body={"response": None, "status": "cancelled"},
    )

    assert differences(made, {k: v for k, v in sent.items() if k != "timeout_at"}) == {}
    assert datetime.fromisoformat(made["timeout_at"]) == until
    assert str(made["id"]) in twice["error"]
    assert differences(changed, {"assigned_to": me["id"], "status": "pending"}) == {}
    assert differences(taken_back, {"status": "cancelled", "response": None}) == {}
    cancelled = await sdk.items(
        "inquiries.list_inquiries_by_status", status="canceled", page=1, page_size=9
    )
    assert made["id"] in {each["id"] for each in cancelled}
    gone = await sdk.parsed("inquiries.delete_inquiry", **path)
    assert gone["success"] is True
    await sdk.refused("inquiries.get_inquiry", 404, **path)
    await sdk.data("executions.cancel_execution", id=execution_id)


async def execute(sdk: Sdk, action: str, **parameters: Any) -> int:
    body = {"action_ref": action, "parameters": parameters, "env_vars": {}}
    started = await sdk.flat("executions.create_execution", body=body)
    return int(started["id"])


async def sleeping(sdk: Sdk, pack: str) -> str:
    ref = f"{pack}.sleep"
    body = {
        "ref": ref,
        "label": "Sleep",
        "pack_ref": pack,
        "entrypoint": "sleep 600",
        "runtime_ref": "core.shell",
    }
    await sdk.data("actions.create_action", body=body)
    return ref


async def question_of(sdk: Sdk, execution_id: int) -> dict[str, Any]:
    """Wait until the execution has asked, and return its inquiry as it is listed."""
    found: list[dict[str, Any]] = []

    async def has_asked() -> bool:
        found[:] = await sdk.items(
            "inquiries.list_inquiries_by_execution",
            execution_id=execution_id,
            page=1,
            page_size=5,
        )
        return bool(found)

    await eventually(has_asked)
    return found[0]


async def respond(
    sdk: Sdk, inquiry_id: int, response: dict[str, Any]
) -> dict[str, Any]:
    body = {"response": response}
    return await sdk.data("inquiries.respond_to_inquiry", id=inquiry_id, body=body)
