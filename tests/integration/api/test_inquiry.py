"""Inquiries over HTTP: who sees them, who answers them, and what is refused."""

from collections.abc import Mapping
from typing import Any

import pytest

from attune.domain.execution import ExecutionStatus as Status
from attune.domain.permission import TokenType
from tests.integration.api.people import EVERYTHING, Api, Person, grant
from tests.support.asking import ask
from tests.support.builders import make_action, make_execution, make_pack

YES = {"response": {"approved": True}}
SEES = [grant("executions", "read"), grant("inquiries", "read")]
ANSWERS = [grant("executions", "read"), grant("inquiries", "read", "respond")]

Headers = Mapping[str, str]


async def put(api: Api, **fields: Any) -> tuple[int, int]:
    """Put a question and return the numbers of its execution and its inquiry."""
    execution, inquiry = await ask(api.database, **fields)
    return execution.id, inquiry.id


async def run(api: Api, **fields: Any) -> int:
    """Return the number of an execution that runs."""
    async with api.database.transaction() as tx:
        execution = await make_execution(tx, **{"status": Status.RUNNING} | fields)
    return execution.id


def token(
    api: Api, execution_id: int, identity: Person, *sets: str, action: str = "ops.do"
) -> dict[str, str]:
    """Return the headers that an execution calls with."""
    return api.headers(
        TokenType.EXECUTION,
        identity.id,
        login=f"execution:{execution_id}",
        execution_id=execution_id,
        action_ref=action,
        permission_set_refs=list(sets) or ["standard"],
    )


async def respond(
    api: Api, inquiry_id: int, headers: Headers, body: object = None
) -> tuple[int, Any]:
    response = await api.client.post(
        f"/api/v1/inquiries/{inquiry_id}/respond",
        json=YES if body is None else body,
        headers=headers,
    )
    return response.status_code, response.json()


async def get(api: Api, path: str, headers: Headers, **query: Any) -> Any:
    response = await api.client.get(f"/api/v1{path}", params=query, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


async def ids(api: Api, headers: Headers, **query: Any) -> list[int]:
    answer = await get(api, "/inquiries", headers, **query)
    return [item["id"] for item in answer["items"]]


# Who may answer: the nine cases of the contract, section i.


async def test_an_open_inquiry_is_answered_by_anybody_who_may(api: Api) -> None:
    bob = await api.person(ANSWERS)
    _, inquiry_id = await put(api)

    status, answer = await respond(api, inquiry_id, bob.headers)

    assert status == 200
    shown = answer["data"]
    assert (shown["status"], shown["response"]) == ("responded", YES["response"])
    assert shown["responded_by"] == bob.id
    assert shown["responded_at"]


async def test_who_may_only_look_answers_nothing(api: Api) -> None:
    bob = await api.person(SEES)
    _, inquiry_id = await put(api)

    status, answer = await respond(api, inquiry_id, bob.headers)

    assert (status, answer["code"]) == (403, "FORBIDDEN")


async def test_an_assignee_answers_without_any_grant(api: Api) -> None:
    ann = await api.person()
    _, inquiry_id = await put(api, config={"assigned_to": ann.id})

    assert (await respond(api, inquiry_id, ann.headers))[0] == 200


async def test_nobody_else_answers_what_is_assigned(api: Api) -> None:
    ann, administrator = await api.person(), await api.administrator()
    _, inquiry_id = await put(api, config={"assigned_to": ann.id})

    status, answer = await respond(api, inquiry_id, administrator.headers)

    assert status == 403
    assert "forbidden" in answer["error"]


async def test_an_execution_does_not_answer_its_own_inquiry(api: Api) -> None:
    ann = await api.administrator()
    execution_id, inquiry_id = await put(api, config={"assigned_to": ann.id})

    assert (await respond(api, inquiry_id, token(api, execution_id, ann)))[0] == 403


@pytest.mark.parametrize("depth", [1, 2])
async def test_an_execution_does_not_answer_what_is_above_it(
    api: Api, depth: int
) -> None:
    ann = await api.administrator()
    execution_id, inquiry_id = await put(api, config={"assigned_to": ann.id})
    below = execution_id
    for _ in range(depth):
        below = await run(api, parent_id=below)

    assert (await respond(api, inquiry_id, token(api, below, ann)))[0] == 403


async def test_an_execution_answers_for_the_assignee_what_is_not_its_own(
    api: Api,
) -> None:
    ann = await api.person()
    _, inquiry_id = await put(api, config={"assigned_to": ann.id})
    other = await run(api)

    assert (await respond(api, inquiry_id, token(api, other, ann)))[0] == 200


async def test_an_execution_of_somebody_else_answers_nothing(api: Api) -> None:
    ann, bob = await api.person(), await api.administrator()
    async with api.database.transaction() as tx:
        everything = await api.assign(bob.id, EVERYTHING, tx)
    _, inquiry_id = await put(api, config={"assigned_to": ann.id})
    other = await run(api)

    assert (await respond(api, inquiry_id, token(api, other, bob, everything)))[
        0
    ] == 403
    assert (await respond(api, inquiry_id, token(api, other, bob)))[0] == 404


async def test_a_sensor_answers_nothing(api: Api) -> None:
    ann = await api.administrator()
    headers = api.headers(TokenType.SENSOR, ann.id, trigger_types=["ops.alarm"])
    _, inquiry_id = await put(api, config={"assigned_to": ann.id})

    assert (await respond(api, inquiry_id, headers))[0] == 404
    assert await ids(api, headers) == []


async def test_nobody_answers_without_a_token(api: Api) -> None:
    _, inquiry_id = await put(api)

    assert (await respond(api, inquiry_id, {}))[0] == 401


# What an answer has to be, and when it comes too late.


async def test_a_second_answer_comes_too_late(api: Api) -> None:
    ann = await api.administrator()
    _, inquiry_id = await put(api)
    await respond(api, inquiry_id, ann.headers)

    status, answer = await respond(api, inquiry_id, ann.headers, {"response": {"n": 2}})

    assert (status, answer["code"]) == (400, "BAD_REQUEST")
    assert answer["details"] == {"status": "responded"}
    shown = (await get(api, f"/inquiries/{inquiry_id}", ann.headers))["data"]
    assert shown["response"] == YES["response"]


async def test_an_answer_after_the_deadline_comes_too_late(api: Api) -> None:
    ann = await api.administrator()
    execution_id, inquiry_id = await put(api, config={"timeout_seconds": 0})

    status, answer = await respond(api, inquiry_id, ann.headers)

    assert (status, answer["details"]) == (400, {"status": "timeout"})
    shown = (await get(api, f"/inquiries/{inquiry_id}", ann.headers))["data"]
    assert (shown["status"], shown["response"]) == ("timeout", None)
    ended = (await get(api, f"/executions/{execution_id}", ann.headers))["data"]
    assert ended["status"] == "timeout"
    assert ended["result"]["error"] == "inquiry timed out"


async def test_every_wrong_place_of_an_answer_is_named(api: Api) -> None:
    ann = await api.administrator()
    schema = {
        "type": "object",
        "properties": {"size": {"enum": ["s", "l"]}, "count": {"type": "integer"}},
        "required": ["size"],
    }
    _, inquiry_id = await put(api, config={"response_schema": schema})

    status, answer = await respond(
        api, inquiry_id, ann.headers, {"response": {"size": "xl", "count": "two"}}
    )

    assert status == 422
    places = sorted(each.split(":")[0] for each in answer["details"]["problems"])
    assert places == ["response.count", "response.size"]
    right = {"response": {"size": "l"}}
    assert (await respond(api, inquiry_id, ann.headers, right))[0] == 200


@pytest.mark.parametrize("body", [{}, {"response": None}, {"response": "yes"}])
async def test_an_answer_is_an_object(api: Api, body: object) -> None:
    ann = await api.administrator()
    _, inquiry_id = await put(api)

    assert (await respond(api, inquiry_id, ann.headers, body))[0] == 422


# Who sees what.


async def test_an_inquiry_is_seen_with_its_execution(api: Api) -> None:
    owner, bob, blind = (
        await api.administrator(),
        await api.person(SEES),
        await api.person([grant("inquiries", "read", "respond")]),
    )
    async with api.database.transaction() as tx:
        pack = await make_pack(tx, owner_identity_id=owner.id)
        action = await make_action(tx, pack)
        hidden = await make_execution(tx, action, status=Status.RUNNING)
    _, seen = await put(api)
    made = await create(api, owner.headers, execution=hidden.id)
    hidden_id = made["data"]["id"]

    assert await ids(api, owner.headers) == [hidden_id, seen]
    assert await ids(api, bob.headers) == [seen]
    assert await ids(api, blind.headers) == []
    for person, inquiry_id in ((bob, hidden_id), (blind, seen)):
        path = f"/api/v1/inquiries/{inquiry_id}"
        assert (await api.client.get(path, headers=person.headers)).status_code == 404
        assert (await respond(api, inquiry_id, person.headers))[0] == 404


async def test_an_assignee_sees_the_inquiry_and_no_execution(api: Api) -> None:
    ann = await api.person()
    execution_id, inquiry_id = await put(api, config={"assigned_to": ann.id})
    await put(api)

    assert await ids(api, ann.headers) == [inquiry_id]
    shown = (await get(api, f"/inquiries/{inquiry_id}", ann.headers))["data"]
    assert (shown["prompt"], shown["assigned_to_login"]) == ("Go on?", ann.login)
    path = f"/api/v1/executions/{execution_id}/inquiries"
    assert (await api.client.get(path, headers=ann.headers)).status_code == 404


async def test_inquiries_are_found_by_what_they_are_about(api: Api) -> None:
    ann = await api.administrator()
    execution_id, first = await put(api, config={"assigned_to": ann.id})
    _, second = await put(api)
    await respond(api, second, ann.headers)
    headers = ann.headers

    assert await ids(api, headers) == [second, first]
    assert await ids(api, headers, status="pending") == [first]
    assert await ids(api, headers, assigned_to=ann.id) == [first]
    assert await ids(api, headers, execution=execution_id) == [first]
    assert await ids(api, headers, offset=1, limit=1) == [first]
    assert await ids(api, headers, page=2, per_page=1) == [first]
    of_execution = await get(api, f"/executions/{execution_id}/inquiries", headers)
    assert [item["id"] for item in of_execution["items"]] == [first]
    responded = await get(api, "/inquiries/status/responded", headers)
    assert [item["has_response"] for item in responded["items"]] == [True]
    for spelling in ("canceled", "cancelled"):
        assert not (await get(api, f"/inquiries/status/{spelling}", headers))["items"]
        assert await ids(api, headers, status=spelling) == []
    wrong = await api.client.get("/api/v1/inquiries?status=gone", headers=headers)
    assert wrong.status_code == 422


# Asked for by others than core.ask.


async def create(
    api: Api, headers: Headers, *, expects: int = 201, **body: Any
) -> dict[str, Any]:
    response = await api.client.post(
        "/api/v1/inquiries",
        json={"prompt": "Go on?", "response_schema": {}} | body,
        headers=headers,
    )
    assert response.status_code == expects, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_an_execution_asks_with_its_own_token(api: Api) -> None:
    ann = await api.person()
    execution_id = await run(api)
    headers = token(api, execution_id, ann)

    made = (await create(api, headers, execution=execution_id))["data"]

    assert (made["execution"], made["status"]) == (execution_id, "pending")
    assert (made["response"], made["timeout_at"]) == (None, None)
    assert (await get(api, f"/inquiries/{made['id']}", headers))["data"] == made
    again = await create(api, headers, expects=409, execution=execution_id)
    assert again["details"] == {"inquiry": made["id"]}
    assert (await respond(api, made["id"], headers))[0] == 403


async def test_who_asks_needs_a_grant_and_an_execution_that_lives(api: Api) -> None:
    ann, bob, eve = (
        await api.administrator(),
        await api.person(SEES),
        await api.person([grant("inquiries", "create")]),
    )
    execution_id, ended = await run(api), await run(api, status=Status.COMPLETED)

    await create(api, bob.headers, expects=403, execution=execution_id)
    await create(api, eve.headers, expects=404, execution=execution_id)
    await create(api, ann.headers, expects=409, execution=ended)
    await create(api, ann.headers, expects=404, execution=4711)
    await create(api, ann.headers, execution=execution_id)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("response_schema", {"a": {"type": "strnig"}}),
        ("response_schema", {"pin": {"type": "string", "secret": True}}),
        ("response_schema", []),
        ("assigned_to", 4711),
        ("assigned_to", "ann"),
        ("timeout_at", "soon"),
        ("timeout_at", "9999-12-31T23:59:59-12:00"),
        ("prompt", ""),
        ("execution", None),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    api: Api, field: str, value: object
) -> None:
    ann = await api.administrator()
    body = {"execution": await run(api), field: value}

    await create(api, ann.headers, expects=422, **body)


async def test_a_time_without_an_offset_is_in_utc(api: Api) -> None:
    ann = await api.administrator()

    made = await create(
        api, ann.headers, execution=await run(api), timeout_at="2031-01-02T03:04:05"
    )

    assert made["data"]["timeout_at"] == "2031-01-02T03:04:05Z"


# Changed and taken back.


async def change(api: Api, inquiry_id: int, headers: Headers, **body: Any) -> Any:
    response = await api.client.put(
        f"/api/v1/inquiries/{inquiry_id}", json=body, headers=headers
    )
    return response.status_code, response.json()


async def test_a_change_never_makes_an_answer(api: Api) -> None:
    ann = await api.administrator()
    _, inquiry_id = await put(api)

    for body in (
        {"response": {"a": 1}},
        {"status": "responded"},
        {"status": "timeout"},
    ):
        assert (await change(api, inquiry_id, ann.headers, **body))[0] == 422
    status, answer = await change(
        api, inquiry_id, ann.headers, response=None, status=None
    )

    assert (status, answer["data"]["status"]) == (200, "pending")


async def test_another_may_be_asked_and_for_longer(api: Api) -> None:
    ann, bob = await api.administrator(), await api.person()
    _, inquiry_id = await put(api, config={"assigned_to": ann.id})

    _, changed = await change(
        api,
        inquiry_id,
        ann.headers,
        assigned_to=bob.id,
        timeout_at="2031-01-02T03:04:05Z",
    )
    assert changed["data"]["assigned_to"] == bob.id
    assert (await respond(api, inquiry_id, ann.headers))[0] == 403
    clear = {"assigned_to": {"op": "clear"}, "timeout_at": {"op": "clear"}}
    _, cleared = await change(api, inquiry_id, ann.headers, **clear)

    shown = cleared["data"]
    assert (shown["assigned_to"], shown["assigned_to_login"]) == (None, None)
    assert shown["timeout_at"] is None
    assert (await respond(api, inquiry_id, ann.headers))[0] == 200
    assert (await change(api, inquiry_id, ann.headers, **clear))[0] == 400


@pytest.mark.parametrize("spelling", ["cancelled", "canceled"])
async def test_a_question_can_be_taken_back(api: Api, spelling: str) -> None:
    ann = await api.administrator()
    execution_id, inquiry_id = await put(api)

    status, answer = await change(api, inquiry_id, ann.headers, status=spelling)

    assert (status, answer["data"]["status"]) == (200, "cancelled")
    ended = (await get(api, f"/executions/{execution_id}", ann.headers))["data"]
    assert ended["status"] == "cancelled"


async def test_who_changes_and_removes_needs_a_grant(api: Api) -> None:
    bob, ann = await api.person(ANSWERS), await api.administrator()
    _, inquiry_id = await put(api, config={"assigned_to": bob.id})
    path = f"/api/v1/inquiries/{inquiry_id}"

    assert (await change(api, inquiry_id, bob.headers, status="cancelled"))[0] == 403
    assert (await api.client.delete(path, headers=bob.headers)).status_code == 403
    removed = await api.client.delete(path, headers=ann.headers)

    assert removed.json()["success"] is True
    assert (await api.client.get(path, headers=ann.headers)).status_code == 404
    assert (await api.client.delete(path, headers=ann.headers)).status_code == 404
