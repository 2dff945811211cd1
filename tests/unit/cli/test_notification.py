import json
from typing import Any

import httpx
import pytest

from attune.cli import notification_stream
from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, error, page, stream

PATH = "/api/v1/notifications/stream"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notification_stream, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(notification_stream, "LONGEST_PAUSE_SECONDS", 0.0)


def told(number: int) -> dict[str, Any]:
    return {
        "type": "notification",
        "id": f"{number}~1~3:3:",
        "entity_type": "execution",
        "entity_id": number,
        "activity": "running",
        "payload": {"action_ref": "demo.say"},
        "timestamp": "2026-11-25T18:39:59.120000Z",
    }


def event(number: int) -> bytes:
    document = told(number)
    return f"id: {document['id']}\ndata: {json.dumps(document)}\n\n".encode()


def test_list_sends_every_filter(attune: Attune, api: FakeApi) -> None:
    row = {
        "id": 4,
        "notification_type": "rule_updated",
        "entity_id": 2,
        "activity": "updated",
        "state": "created",
        "payload": {"ref": "demo.r"},
        "created": "2026-06-01T12:00:00+00:00",
    }
    api.on("GET", "/api/v1/notifications", page(row))

    outcome = attune(
        "notification", "list", "entity_type:rule", "user:3", "--state", "created"
    )

    query = api.requests[0].url.params
    assert query.get_list("filter") == ["entity_type:rule", "user:3"]
    assert query["state"] == "created"
    assert outcome.out.splitlines()[1].split()[:3] == ["4", "rule_updated", "2"]


def test_follow_shows_one_line_each(attune: Attune, api: FakeApi) -> None:
    api.on("GET", PATH, stream(b"id: 0~1~3:3:\n: keep-alive\n\n", event(7), event(8)))

    outcome = attune("notification", "follow", "--count", "2")

    assert outcome.out.splitlines() == [
        f"2026-11-25T18:39:59.120000Z execution {number} running demo.say"
        for number in (7, 8)
    ]


def test_follow_goes_on_after_what_it_had(attune: Attune, api: FakeApi) -> None:
    broken = httpx.ReadError("gone")
    api.on(
        "GET",
        PATH,
        stream(event(7), broken),
        error(503, "starting"),
        stream(event(8)),
        stream(event(9)),
    )

    outcome = attune("notification", "follow", "all", "--json", "--count", "3")

    lines = [json.loads(line) for line in outcome.out.splitlines()]
    assert lines == [told(7), told(8), told(9)]
    afters = [request.url.params.get("after") for request in api.requests]
    assert afters == [None, told(7)["id"], told(7)["id"], told(8)["id"]]
    assert "trying again" in outcome.err


def test_follow_says_when_something_may_be_gone(attune: Attune, api: FakeApi) -> None:
    gap = b"event: gap\nid: 9~1~3:3:\ndata: look anew\n\n"
    api.on("GET", PATH, stream(gap, event(7)))

    outcome = attune("notification", "follow", "--after", "1~1~3:3:", "--count", "1")

    assert "look anew" in outcome.err


def test_follow_ends_when_the_server_refuses(attune: Attune, api: FakeApi) -> None:
    api.on("GET", PATH, error(422, "a filter is one of"))

    outcome = attune("notification", "follow", "nonsense")

    assert outcome.code == 2
    assert "a filter is one of" in outcome.err
