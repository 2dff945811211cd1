import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data, error, event, page, stream

INQUIRIES = "/api/v1/inquiries"
INQUIRY = f"{INQUIRIES}/7"
RESPOND = f"{INQUIRY}/respond"
SCHEMA = {
    "approved": {"type": "boolean", "required": True, "description": "Go on?"},
    "replicas": {"type": "integer", "default": 2},
    "stage": {"type": "string", "enum": ["test", "live"]},
}


def inquiry(**more: Any) -> dict[str, Any]:
    defaults = {
        "id": 7,
        "execution": 42,
        "prompt": "Ship it?",
        "status": "pending",
        "assigned_to": 3,
        "assigned_to_login": "ann",
        "response_schema": SCHEMA,
        "response": None,
        "timeout_at": "2026-01-02T03:04:05Z",
    }
    return defaults | more


@pytest.fixture
def asked(api: FakeApi) -> FakeApi:
    """A server that asks, and takes any answer."""
    api.on("GET", INQUIRY, data(**inquiry()))
    api.on("POST", RESPOND, data(**inquiry(status="responded")))
    return api


def test_what_is_open_is_listed(attune: Attune, api: FakeApi) -> None:
    api.on("GET", INQUIRIES, page(inquiry()))

    outcome = attune("inquiry", "list")

    assert dict(api.calls("GET", INQUIRIES)[0].url.params) == {
        "status": "pending",
        "page": "1",
        "page_size": "50",
    }
    head, row = outcome.out.splitlines()
    assert head.split()[:3] == ["ID", "STATUS", "EXECUTION"]
    assert "pending" in row
    assert "ann" in row
    assert "Ship it?" in row


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--mine"], {"status": "pending", "assigned_to": "3"}),
        (["--status", "timeout"], {"status": "timeout"}),
        (["--all", "--execution", "42"], {"execution": "42"}),
    ],
)
def test_inquiries_are_chosen(
    attune: Attune, api: FakeApi, options: list[str], wanted: dict[str, str]
) -> None:
    api.on("GET", "/auth/me", data(id=3, login="ann"))
    api.on("GET", INQUIRIES, page())

    attune("inquiry", "list", *options)

    sent = dict(api.calls("GET", INQUIRIES)[0].url.params)
    assert {k: v for k, v in sent.items() if not k.startswith("page")} == wanted


@pytest.mark.usefixtures("asked")
def test_an_inquiry_is_shown_with_what_it_asks_for(attune: Attune) -> None:
    outcome = attune("inquiry", "show", "7")

    assert "Ship it?" in outcome.out
    assert "assigned to:" in outcome.out
    assert "Go on?" in outcome.out


def test_fields_are_read_as_the_schema_declares_them(
    attune: Attune, asked: FakeApi
) -> None:
    outcome = attune("inquiry", "respond", "7", "approved=yes", "replicas=3")

    assert (outcome.code, outcome.out) == (0, "inquiry 7 is answered\n")
    assert asked.body("POST", RESPOND) == {
        "response": {"approved": True, "replicas": 3}
    }


@pytest.mark.parametrize("source", ["text", "file"])
def test_a_whole_answer_is_sent_as_it_is(
    attune: Attune, asked: FakeApi, tmp_path: Path, source: str
) -> None:
    answer = {"approved": True, "more": [1]}
    file = tmp_path / "answer.json"
    file.write_text(json.dumps(answer))
    given = json.dumps(answer) if source == "text" else f"@{file}"

    outcome = attune("inquiry", "respond", "7", "--response", given, "-j")

    assert outcome.code == 0
    assert json.loads(outcome.out)["status"] == "responded"
    assert asked.body("POST", RESPOND) == {"response": answer}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["approved=maybe"], "neither true nor false"),
        (["aproved=yes"], "did you mean 'approved'"),
        (["replicas=3"], "approved (boolean): Go on?"),
        (["--response", "[]"], "must be an object"),
        (["--response", "{"], "not valid JSON"),
        (["approved=yes", "--response", "{}"], "not both"),
        ([], "approved (yes or no): Go on?"),
    ],
)
def test_what_is_no_answer_is_not_sent(
    attune: Attune, asked: FakeApi, words: list[str], said: str
) -> None:
    outcome = attune("inquiry", "respond", "7", *words)

    assert outcome.code == 2
    assert said in outcome.err
    assert asked.calls("POST", RESPOND) == []


def test_every_wrong_place_of_an_answer_is_told(attune: Attune, api: FakeApi) -> None:
    api.on("GET", INQUIRY, data(**inquiry()))
    problems = ["response.approved: must be a boolean", "response.stage: is unknown"]
    refusal = error(422, "The answer does not fit", details={"problems": problems})
    api.on("POST", RESPOND, refusal)

    outcome = attune("inquiry", "respond", "7", "--response", "{}")

    assert outcome.code == 2
    assert outcome.err.splitlines()[1:] == [f"  - {each}" for each in problems]


def test_what_is_answered_already_is_not_asked_again(
    attune: Attune, api: FakeApi
) -> None:
    api.on("GET", INQUIRY, data(**inquiry(status="responded")))

    outcome = attune("inquiry", "respond", "7")

    assert outcome.code == 1
    assert outcome.err == "error: inquiry 7 is not open: responded\n"


def test_whoever_follows_an_execution_learns_how_to_answer_it(
    attune: Attune, api: FakeApi
) -> None:
    waiting = {"kind": "inquiry", "message": "ann has to answer", "inquiry": 7}
    execution = {"id": 42, "action_ref": "core.ask", "status": "running", "result": {}}
    asks = {"data": {**execution, "waiting_for": waiting}}
    api.on("GET", "/api/v1/executions/42", asks, asks, asks)
    api.on("GET", "/api/v1/executions/42", data(**execution | {"status": "completed"}))
    api.on("GET", "/api/v1/executions/stream", stream(event("message", "{}")))
    for name in ("stdout", "stderr"):
        path = f"/api/v1/executions/42/logs/{name}/stream"
        api.on("GET", path, stream(event("done")))

    outcome = attune("execution", "watch", "42")

    assert outcome.err.splitlines()[:2] == [
        "execution 42 running",
        "ann has to answer: `attune inquiry respond 7`",
    ]
    assert outcome.err.count("inquiry respond") == 1
