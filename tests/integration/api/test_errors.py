"""Whatever goes wrong is answered in one shape and tells nothing it should not."""

import asyncio
import logging
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from attune.api import deadline
from attune.api.dependencies import PUBLIC
from attune.api.edge import Edge
from attune.api.limits import Limits
from attune.api.routing import Router
from tests.integration.api.people import Api

CANARY = "c4n4ry"

faults = Router(prefix="/faults")


@faults.get("/bug", dependencies=[PUBLIC])
async def bug() -> None:
    raise KeyError(CANARY)


@faults.get("/wrong-answer", response_model=dict[str, int], dependencies=[PUBLIC])
async def wrong_answer() -> Any:
    return {"a": CANARY}


@faults.get("/slow", dependencies=[PUBLIC])
async def slow() -> None:
    await asyncio.sleep(60)


@faults.get("/things/{thing}", dependencies=[PUBLIC])
async def get_thing(thing: str) -> str:
    return thing


@faults.delete("/things/{thing}", dependencies=[PUBLIC])
async def delete_thing(thing: str) -> str:
    return thing


@pytest.fixture
def app(app: FastAPI) -> FastAPI:
    app.router.routes.extend(faults.routes)
    return app


async def test_an_unknown_path_is_not_found(api: Api) -> None:
    answer = await api.client.get("/no/such/path")

    assert answer.status_code == 404
    assert answer.json() == {"error": "Not Found", "code": "NOT_FOUND"}


async def test_an_unknown_method_is_told_all_that_are_allowed(api: Api) -> None:
    answer = await api.client.patch("/faults/things/1")

    assert answer.status_code == 405
    assert answer.json()["code"] == "METHOD_NOT_ALLOWED"
    assert answer.headers["allow"] == "DELETE, GET"


@pytest.mark.parametrize("path", ["bug", "wrong-answer"])
async def test_a_bug_is_answered_with_a_number_and_logged_without_its_message(
    api: Api, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await api.client.get(f"/faults/{path}")

    assert answer.status_code == 500
    assert answer.json()["code"] == "INTERNAL_SERVER_ERROR"
    request_id = answer.json()["details"]["request_id"]
    [record] = [r for r in caplog.records if hasattr(r, "request_id")]
    assert record.__dict__["request_id"] == request_id
    assert record.__dict__["places"]
    assert CANARY not in answer.text
    assert not any(CANARY in str(vars(r)) for r in caplog.records)


async def test_what_takes_too_long_is_refused_in_time(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "DEADLINE_SECONDS", 0.05)

    answer = await api.client.get("/faults/slow")

    assert answer.status_code == 503
    assert answer.json()["code"] == "SERVICE_UNAVAILABLE"
    assert answer.headers["retry-after"]


async def test_more_requests_than_can_be_answered_are_refused() -> None:
    entered = asyncio.Event()
    leave = asyncio.Event()

    async def busy(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        entered.set()
        await leave.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    transport = httpx.ASGITransport(Edge(busy, Limits(concurrent_requests=1)))
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
        first = asyncio.create_task(client.get("/"))
        await entered.wait()

        refused = await client.get("/")
        leave.set()

        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        assert (await first).status_code == 204
        assert (await client.get("/")).status_code == 204


async def test_an_answer_that_has_begun_makes_room_for_the_next() -> None:
    begun = asyncio.Event()
    leave = asyncio.Event()

    async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/stream":
            begun.set()
            await leave.wait()
        await send({"type": "http.response.body", "body": b""})
        del receive

    transport = httpx.ASGITransport(Edge(streaming, Limits(concurrent_requests=1)))
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
        first = asyncio.create_task(client.get("/stream"))
        await begun.wait()

        assert (await client.get("/")).status_code == 200
        leave.set()
        assert (await first).status_code == 200


async def test_no_answer_is_cached_or_guessed_at(api: Api) -> None:
    for path in ("/health", "/no/such/path", "/faults/bug"):
        answer = await api.client.get(path)

        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_validation_error_names_the_place_and_not_the_value(api: Api) -> None:
    body = {"login": {"x": CANARY}, "password": CANARY}

    answer = await api.client.post("/auth/login", json=body)

    assert answer.status_code == 422
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert answer.json()["details"][0]["field"] == "body.login"
    assert CANARY not in answer.text


async def test_nothing_a_caller_sends_is_logged(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await api.client.post(
            f"/auth/login?token={CANARY}",
            json={"login": "ann", "password": CANARY},
            headers={"Authorization": f"Bearer {CANARY}", "X-Secret": CANARY},
        )

    ours = [r for r in caplog.records if not r.name.startswith(("httpx", "asyncio"))]
    assert not any(CANARY in str(vars(r)) for r in ours)
