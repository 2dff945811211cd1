"""`attune sensor`: what is asked for, what is shown, and how logs are followed."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from attune.cli import sensor_log
from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, page

SENSOR: dict[str, Any] = {
    "ref": "watch.disk",
    "label": "Disk",
    "enabled": True,
    "trigger_refs": ["watch.full", "watch.gone"],
    "state": "waiting",
    "state_reason": "it failed, and rests before it starts again",
    "worker_name": None,
    "failure_count": 2,
    "rule_count": 1,
    "last_error": "ended with code 1: no such disk",
}
PATH = "/api/v1/sensors/watch.disk"


def log(text: bytes, end: int) -> Callable[[httpx.Request], httpx.Response]:
    headers = {"X-Log-End-Offset": str(end)}
    return lambda _: httpx.Response(200, content=text, headers=headers)


def interrupt(_: httpx.Request) -> httpx.Response:
    raise KeyboardInterrupt


def test_sensors_are_listed_with_why_they_do_not_run(
    attune: Attune, api: FakeApi
) -> None:
    api.on("GET", "/api/v1/sensors", page(SENSOR))

    outcome = attune(
        *("sensor", "list", "--pack", "p", "--trigger", "t", "--enabled"),
        *("--query", "q", "--limit", "3"),
    )

    assert dict(api.requests[0].url.params) == {
        "pack_ref": "p",
        "trigger_ref": "t",
        "enabled": "true",
        "q": "q",
        "page": "1",
        "page_size": "3",
    }
    assert "it failed, and rests" in outcome.out


def test_a_sensor_is_shown_with_its_last_error(attune: Attune, api: FakeApi) -> None:
    api.on("GET", PATH, {"data": SENSOR})

    shown = attune("sensor", "show", "watch.disk").out

    assert "watch.full, watch.gone" in shown
    assert "no such disk" in shown


@pytest.mark.parametrize("what", ["enable", "disable", "restart"])
def test_a_sensor_is_switched(attune: Attune, api: FakeApi, what: str) -> None:
    api.on("POST", f"{PATH}/{what}", {"data": SENSOR})

    assert attune("sensor", what, "watch.disk").code == 0


def test_a_sensor_is_deleted(attune: Attune, api: FakeApi) -> None:
    api.on("DELETE", PATH, {"success": True, "message": "gone"})

    assert attune("sensor", "delete", "watch.disk", "--yes").code == 0


def test_logs_go_to_the_stream_of_their_name(attune: Attune, api: FakeApi) -> None:
    api.on("GET", f"{PATH}/logs/stdout", log(b"looks\n", 6))
    api.on("GET", f"{PATH}/logs/stderr", log(b"alas\n", 5))

    outcome = attune("sensor", "logs", "watch.disk", "--tail", "7")

    assert (outcome.out, outcome.err) == ("looks\n", "alas\n")
    assert api.requests[0].url.params["tail"] == "7"


def test_logs_are_one_document_for_programs(attune: Attune, api: FakeApi) -> None:
    api.on("GET", f"{PATH}/logs/stderr", log(b"alas \xff\n", 7))

    outcome = attune("sensor", "logs", "watch.disk", "--stream", "stderr", "-j")

    assert json.loads(outcome.out) == {"stderr": "alas �\n"}


def test_following_goes_on_where_it_was(
    attune: Attune, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensor_log, "LOOK_SECONDS", 0)
    broken = httpx.ConnectError("gone")
    api.on(
        *("GET", f"{PATH}/logs/stdout", log(b"one\n", 4), log(b"two\n", 8)),
        *(broken, broken, log(b"three\n", 14), interrupt),
    )

    outcome = attune("sensor", "logs", "watch.disk", "--stream", "stdout", "-f")

    assert outcome.out == "one\ntwo\nthree\n"
    assert outcome.err.count("trying again") == 1
    offsets = [request.url.params.get("offset") for request in api.requests]
    assert offsets == [None, "4", "8", "8", "8", "14"]


def test_an_unknown_stream_is_refused(attune: Attune) -> None:
    assert attune("sensor", "logs", "watch.disk", "--stream", "x").code == 2
