import _thread
import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data, error, event, stream

EXECUTE = "/api/v1/executions/execute"
EXECUTION = "/api/v1/executions/7"
SCHEMA = {
    "message": {"type": "string", "required": True, "description": "what to say"},
    "count": {"type": "integer", "default": 1},
    "token": {"type": "string", "secret": True},
}


def _execution(status: str, **more: Any) -> dict[str, Any]:
    return {"id": 7, "action_ref": "demo.say", "status": status, "result": {}, **more}


@pytest.fixture
def ends(api: FakeApi) -> Any:
    """Let every execution of demo.say end like so."""

    def script(status: str, *, stdout: str = "", **result: Any) -> None:
        ended = _execution(status, result=result)
        requested = _execution("requested")
        api.on("GET", "/api/v1/actions/demo.say", data(param_schema=SCHEMA))
        body = {**requested, "data": requested}
        api.on("POST", EXECUTE, httpx.Response(201, json=body))
        api.on("GET", EXECUTION, {"data": ended})
        api.on("GET", "/api/v1/executions/stream", stream(event("message", "{}")))
        text = event("content", stdout, len(stdout))
        api.on("GET", f"{EXECUTION}/logs/stdout/stream", stream(text, event("done")))
        api.on("GET", f"{EXECUTION}/logs/stderr/stream", stream(event("done")))

    return script


def test_run_sends_typed_parameters_and_shows_output_and_result(
    attune: Attune, api: FakeApi, ends: Any
) -> None:
    ends("completed", stdout="working\n", duration_ms=1500, data={"n": 1})

    outcome = attune("run", "demo.say", "message=5", "count=2", "--timeout", "60")

    assert api.body("POST", EXECUTE) == {
        "action_ref": "demo.say",
        "parameters": {"message": "5", "count": 2},
        "env_vars": {},
        "timeout_seconds": 60,
    }
    assert outcome.code == 0
    assert outcome.out == 'working\n{\n  "n": 1\n}\n'
    assert outcome.err.splitlines() == [
        "execution 7 requested",
        "result:",
        "execution 7 completed after 1.5 s",
    ]


def test_a_result_begins_on_a_line_of_its_own(attune: Attune, ends: Any) -> None:
    ends("completed", stdout="without an end", data={"n": 1})

    outcome = attune("run", "demo.say", "message=a")

    assert outcome.out == 'without an end\n{\n  "n": 1\n}\n'


def test_a_result_that_was_shown_is_not_shown_again(attune: Attune, ends: Any) -> None:
    ends("completed", stdout='working\n{"n": 1}', data={"n": 1})

    outcome = attune("run", "demo.say", "message=a")

    assert outcome.out == 'working\n{"n": 1}'
    assert "result:" not in outcome.err


def test_output_alone_is_passed_on_as_it_is(attune: Attune, ends: Any) -> None:
    ends("completed", stdout="without an end")

    outcome = attune("run", "demo.say", "message=a")

    assert outcome.out == "without an end"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("completed", 0),
        ("failed", 1),
        ("cancelled", 3),
        ("timeout", 4),
        ("abandoned", 5),
    ],
)
@pytest.mark.parametrize("words", [["run"], ["action", "execute"]])
def test_the_exit_code_is_the_outcome(
    attune: Attune, ends: Any, status: str, code: int, words: list[str]
) -> None:
    ends(status, error="the reason")

    outcome = attune(*words, "demo.say", "message=a")

    assert outcome.code == code
    assert f"execution 7 {status}: the reason" in outcome.err


def test_json_is_the_execution_and_nothing_else(attune: Attune, ends: Any) -> None:
    ends("completed", stdout="working\n", data=[1])

    outcome = attune("run", "demo.say", "message=a", "-j")

    assert json.loads(outcome.out) == _execution("completed", result={"data": [1]})
    assert outcome.err == ""


def test_quiet_shows_only_the_result(attune: Attune, ends: Any) -> None:
    ends("completed", stdout="from the stream\n")
    outcome = attune("run", "demo.say", "message=a", "-q")

    assert outcome.out == ""
    assert outcome.err == "execution 7 completed\n"


def test_without_waiting_the_execution_is_named(
    attune: Attune, api: FakeApi, ends: Any
) -> None:
    ends("completed")

    outcome = attune("run", "demo.say", "message=a", "--no-wait")

    assert outcome.code == 0
    assert outcome.out.startswith("execution 7 requested")
    assert not api.calls("GET", EXECUTION)


def test_parameters_come_from_files_and_options_too(
    attune: Attune, api: FakeApi, ends: Any, tmp_path: Path
) -> None:
    ends("completed")
    path = tmp_path / "parameters.json"
    path.write_text('{"message": "from file", "count": 3}')

    attune(
        "run", "demo.say", f"@{path}", "--param", "count=4", "--env", "A=b=c",
        "--permission-set", "core.reader",
    )  # fmt: skip

    sent = api.body("POST", EXECUTE)
    assert sent["parameters"] == {"message": "from file", "count": 4}
    assert sent["env_vars"] == {"A": "b=c"}
    assert sent["permission_set_refs"] == ["core.reader"]


def test_parameters_come_from_standard_input(
    attune: Attune, api: FakeApi, ends: Any
) -> None:
    ends("completed")

    attune("run", "demo.say", "@-", stdin='{"message": "piped"}')

    assert api.body("POST", EXECUTE)["parameters"] == {"message": "piped"}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["count=x", "message=a"], "'x' is not a whole number for count"),
        ([], "message (string): what to say"),
        (["mesage=a"], "did you mean 'message'?"),
        (["message=a", "--env", "novalue"], "--env takes KEY=VALUE"),
        (["message=a", "--timeout", "0"], "timeout"),
    ],
)
def test_wrong_usage_is_refused_before_anything_runs(
    attune: Attune, api: FakeApi, ends: Any, arguments: list[str], complaint: str
) -> None:
    ends("completed")

    outcome = attune("run", "demo.say", *arguments)

    assert outcome.code == 2
    assert complaint in outcome.err
    assert not api.calls("POST", EXECUTE)


def test_an_unknown_action_is_said_in_one_line(attune: Attune, api: FakeApi) -> None:
    api.on("GET", "/api/v1/actions/no.such", error(404, "action 'no.such' not found"))

    outcome = attune("run", "no.such")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "error: action 'no.such' not found\n"


def test_no_server_is_exit_code_six(attune: Attune, api: FakeApi) -> None:
    api.on("GET", "/api/v1/actions/demo.say", httpx.ConnectError("refused"))

    outcome = attune("run", "demo.say")

    assert outcome.code == 6
    assert "try `attune up`" in outcome.err


@pytest.fixture
def interrupted(api: FakeApi, ends: Any) -> threading.Event:
    """Press Ctrl-C while the execution runs; it ends only when it is cancelled."""
    ends("unused")
    cancelled = threading.Event()
    pressed = threading.Event()

    def look(_: httpx.Request) -> httpx.Response:
        if not pressed.is_set():
            pressed.set()
            _thread.interrupt_main()
        status = "cancelled" if cancelled.is_set() else "running"
        return httpx.Response(200, json={"data": _execution(status)})

    def cancel(_: httpx.Request) -> httpx.Response:
        cancelled.set()
        return httpx.Response(200, json={"data": _execution("canceling")})

    api._answers["GET", EXECUTION] = [look]
    api.on("POST", f"{EXECUTION}/cancel", cancel)
    return cancelled


def test_ctrl_c_detaches_and_the_execution_goes_on(
    attune: Attune, interrupted: threading.Event
) -> None:
    outcome = attune("run", "demo.say", "message=a")

    assert outcome.code == 130
    assert "execution 7 goes on: `attune execution watch 7`" in outcome.err
    assert "Traceback" not in outcome.err
    assert not interrupted.is_set()


def test_ctrl_c_cancels_when_that_was_asked_for(
    attune: Attune, interrupted: threading.Event
) -> None:
    outcome = attune("run", "demo.say", "message=a", "--cancel-on-interrupt")

    assert interrupted.is_set()
    assert outcome.code == 3
