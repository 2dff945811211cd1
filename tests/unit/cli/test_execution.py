import json
from typing import Any

import httpx
import pytest

from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data, error, event, page, stream

EXECUTION: dict[str, Any] = {
    "id": 7,
    "action_ref": "demo.say",
    "status": "completed",
    "config": {"message": "hi", "token": "***"},
    "result": {"exit_code": 0, "duration_ms": 1234, "data": {"n": 1}},
    "created": "2026-06-01T12:00:00+00:00",
    "started_at": "2026-06-01T12:00:01+00:00",
    "workflow_id": "execution-7",
    "links": {"temporal": "http://127.0.0.1:8233/namespaces/default/x"},
}
PATH = "/api/v1/executions/7"


def test_list_sends_every_filter(attune: Attune, api: FakeApi) -> None:
    api.on("GET", "/api/v1/executions", page(EXECUTION))

    outcome = attune(
        "execution", "list", "--status", "completed", "--action", "demo.say",
        "--pack", "demo", "--rule", "demo.r", "--trigger", "demo.t",
        "--enforcement", "3", "--parent", "2", "--trace", "t", "--top-level",
        "--limit", "5",
    )  # fmt: skip

    assert dict(api.requests[0].url.params) == {
        "status": "completed",
        "action_ref": "demo.say",
        "pack_name": "demo",
        "rule_ref": "demo.r",
        "trigger_ref": "demo.t",
        "enforcement": "3",
        "parent": "2",
        "trace_tag": "t",
        "top_level_only": "true",
        "page": "1",
        "page_size": "5",
    }
    assert outcome.out.splitlines()[1].split()[:3] == ["7", "demo.say", "completed"]


def test_show_has_times_parameters_and_the_link_to_the_run(
    attune: Attune, api: FakeApi
) -> None:
    api.on("GET", PATH, {"data": EXECUTION})

    out = attune("execution", "show", "7").out

    assert "1.234 s" in out
    assert "token: '***'" in out
    assert "http://127.0.0.1:8233/namespaces/default/x" in out
    assert "execution-7" in out


@pytest.mark.parametrize(
    ("option", "text"),
    [("-j", '"n": 1'), ("-y", "n: 1"), (None, '"n": 1')],
)
def test_result_prints_the_result_and_nothing_else(
    attune: Attune, api: FakeApi, option: str | None, text: str
) -> None:
    api.on("GET", PATH, {"data": EXECUTION})

    outcome = attune("execution", "result", "7", *([option] if option else []))

    assert text in outcome.out
    assert "demo.say" not in outcome.out
    assert outcome.err == ""


def test_logs_are_printed_as_they_are(attune: Attune, api: FakeApi) -> None:
    api.on("GET", PATH, {"data": EXECUTION})
    api.on("GET", f"{PATH}/logs/stdout", httpx.Response(200, content=b"out\r\x0c\n"))
    api.on("GET", f"{PATH}/logs/stderr", httpx.Response(200, content=b"err\n"))

    outcome = attune("execution", "logs", "7")

    assert (outcome.out, outcome.err) == ("out\r\x0c\n", "err\n")


def test_logs_of_one_stream_as_json(attune: Attune, api: FakeApi) -> None:
    api.on("GET", PATH, {"data": EXECUTION})
    api.on("GET", f"{PATH}/logs/stderr", httpx.Response(200, content=b"\xff\n"))

    outcome = attune("execution", "logs", "7", "--stream", "stderr", "-j")

    assert json.loads(outcome.out) == {"stderr": "\ufffd\n"}


def test_logs_can_be_followed(attune: Attune, api: FakeApi) -> None:
    api.on("GET", PATH, {"data": {**EXECUTION, "status": "failed"}})
    api.on("GET", "/api/v1/executions/stream", stream())
    text = (event("content", "a", 1), event("append", "b\n", 3), event("done"))
    api.on("GET", f"{PATH}/logs/stdout/stream", stream(*text))

    outcome = attune("execution", "logs", "7", "-f", "--stream", "stdout")

    assert (outcome.code, outcome.out, outcome.err) == (0, "ab\n", "")


def test_logs_know_two_streams(attune: Attune) -> None:
    outcome = attune("execution", "logs", "7", "--stream", "stdlog")

    assert outcome.code == 2
    assert "stdout, stderr" in outcome.err


def test_watch_of_an_ended_execution_reports_its_outcome(
    attune: Attune, api: FakeApi
) -> None:
    failed = {**EXECUTION, "status": "failed", "result": {"error": "no luck"}}
    api.on("GET", PATH, {"data": failed})
    api.on("GET", "/api/v1/executions/stream", stream())
    for name in ("stdout", "stderr"):
        api.on("GET", f"{PATH}/logs/{name}/stream", stream(event("done")))

    outcome = attune("execution", "watch", "7")

    assert outcome.code == 1
    assert "execution 7 failed: no luck" in outcome.err


def test_cancel_says_where_the_execution_stands(attune: Attune, api: FakeApi) -> None:
    api.on("POST", f"{PATH}/cancel", data(**{**EXECUTION, "status": "canceling"}))

    assert attune("execution", "cancel", "7").out == "execution 7 is canceling\n"


def test_cancel_of_an_ended_execution_is_refused(attune: Attune, api: FakeApi) -> None:
    api.on("POST", f"{PATH}/cancel", error(409, "execution 7 is completed"))

    outcome = attune("execution", "cancel", "7")

    assert (outcome.code, outcome.err) == (1, "error: execution 7 is completed\n")


@pytest.mark.parametrize("number", ["0", "x", "-1"])
def test_a_number_that_is_none_is_wrong_usage(attune: Attune, number: str) -> None:
    assert attune("execution", "show", "--", number).code == 2
