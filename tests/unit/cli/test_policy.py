"""`attune policy` and `attune action queue`: what is asked for, what is sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data, page

POLICY: dict[str, Any] = {
    "ref": "demo.calm",
    "name": "Calm",
    "scope": {"type": "action", "action_ref": "demo.run"},
    "concurrency": {"limit": 3, "method": "enqueue", "parameters": ["host"]},
    "rate_limit": {"max_executions": 100, "window_seconds": 3600},
    "quotas": [{"quota_type": "running_executions", "limit": 9}],
    "parameters": ["host"],
    "method": "enqueue",
    "priority": 0,
    "enabled": True,
}
PATH = "/api/v1/policies/demo.calm"


def test_policies_are_listed_with_what_they_limit(attune: Attune, api: FakeApi) -> None:
    api.on("GET", "/api/v1/policies", page(POLICY, {"ref": "demo.all"}))

    outcome = attune(
        *("policy", "list", "--pack", "p", "--action", "a", "--scope", "global"),
        *("--disabled", "--tag", "t", "--query", "q", "--limit", "3"),
    )

    assert dict(api.requests[0].url.params) == {
        "pack_ref": "p",
        "action_ref": "a",
        "scope": "global",
        "enabled": "false",
        "tag": "t",
        "q": "q",
        "page": "1",
        "page_size": "3",
    }
    assert "demo.run" in outcome.out
    assert "3 at once, 100 in 3600 s, 9 running_executions" in outcome.out
    assert "everything" in outcome.out


def test_a_policy_is_shown(attune: Attune, api: FakeApi) -> None:
    api.on("GET", PATH, {"data": POLICY})

    assert "3 at once" in attune("policy", "show", "demo.calm").out
    assert json.loads(attune("policy", "show", "demo.calm", "-j").out) == POLICY


@pytest.mark.parametrize(
    ("words", "scope"),
    [
        (["--action", "demo.run"], {"type": "action", "action_ref": "demo.run"}),
        (["--pack", "demo"], {"type": "pack", "pack_ref": "demo"}),
        (["--everything"], {"type": "global"}),
    ],
)
def test_a_policy_is_made_from_options(
    attune: Attune, api: FakeApi, words: list[str], scope: dict[str, str]
) -> None:
    api.on("POST", "/api/v1/policies", data(ref="demo.calm"))

    outcome = attune(
        *("policy", "create", "demo.calm", *words, "--limit", "3", "--rate"),
        *("100/hour", "--method", "cancel", "--by", "host", "--by", "a.b"),
        *("--priority", "-2", "--name", "Calm", "--tag", "x", "--disabled"),
    )

    assert outcome.out == "policy demo.calm created\n"
    assert api.body("POST", "/api/v1/policies") == {
        "ref": "demo.calm",
        "name": "Calm",
        "scope": scope,
        "threshold": 3,
        "rate_limit": {"max_executions": 100, "window_seconds": 3600},
        "method": "cancel",
        "parameters": ["host", "a.b"],
        "priority": -2,
        "tags": ["x"],
        "enabled": False,
    }


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [
        ("5/s", 1),
        ("5/30s", 30),
        ("5/ 2 minutes", 120),
        ("5/m", 60),
        ("5/hours", 3600),
        ("5/2d", 172_800),
        ("5/90", 90),
    ],
)
def test_a_rate_is_read_as_people_write_it(
    attune: Attune, api: FakeApi, rate: str, seconds: int
) -> None:
    api.on("PUT", PATH, data(ref="demo.calm"))

    attune("policy", "update", "demo.calm", "--rate", rate)

    expected = {"rate_limit": {"max_executions": 5, "window_seconds": seconds}}
    assert api.body("PUT", PATH) == expected


def test_a_limit_is_taken_away(attune: Attune, api: FakeApi) -> None:
    api.on("PUT", PATH, data(ref="demo.calm"))

    attune(
        *("policy", "update", "demo.calm"),
        *("--limit", "none", "--rate", "none", "--by", "none"),
    )

    clear = {"op": "clear"}
    expected = {"threshold": clear, "rate_limit": clear, "parameters": []}
    assert api.body("PUT", PATH) == expected


def test_options_win_over_a_file(attune: Attune, api: FakeApi, tmp_path: Path) -> None:
    path = tmp_path / "calm.yaml"
    path.write_text(
        "name: From the file\nscope: {type: pack, pack_ref: demo}\n"
        "concurrency: {limit: 1, method: enqueue, parameters: [host]}\n"
    )
    api.on("POST", "/api/v1/policies", data(ref="demo.calm"))

    attune("policy", "create", "demo.calm", "--file", str(path), "--limit", "2")

    assert api.body("POST", "/api/v1/policies") == {
        "ref": "demo.calm",
        "name": "From the file",
        "scope": {"type": "pack", "pack_ref": "demo"},
        "concurrency": {"limit": 2, "method": "enqueue", "parameters": ["host"]},
    }


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["create", "demo.x", "--limit", "1"], "--action, --pack or --everything"),
        (["create", "demo.x", "--pack", "p", "--everything"], "exclude each other"),
        (["create", "demo.x", "--pack", "p", "--limit", "few"], "not 'few'"),
        (["update", "demo.x", "--rate", "often"], "100/hour"),
        (["update", "demo.x", "--rate", "5/fortnight"], "100/hour"),
        (["update", "demo.x"], "nothing is to be changed"),
    ],
)
def test_half_a_policy_is_refused(
    attune: Attune, words: list[str], complaint: str
) -> None:
    outcome = attune("policy", *words)

    assert outcome.code == 2
    assert complaint in outcome.err


@pytest.mark.parametrize(("word", "enabled"), [("enable", True), ("disable", False)])
def test_a_policy_is_switched(
    attune: Attune, api: FakeApi, word: str, *, enabled: bool
) -> None:
    api.on("PUT", PATH, data(ref="demo.calm"))

    outcome = attune("policy", word, "demo.calm")

    assert api.body("PUT", PATH) == {"enabled": enabled}
    assert outcome.out == f"policy demo.calm is {word}d\n"


def test_a_policy_is_deleted(attune: Attune, api: FakeApi) -> None:
    api.on("DELETE", PATH, data(success=True, message="done"))

    outcome = attune("policy", "delete", "demo.calm", "--yes")

    assert outcome.out == "policy demo.calm deleted\n"


def test_the_queue_of_an_action_is_shown(attune: Attune, api: FakeApi) -> None:
    queue = {"action_ref": "demo.run", "active_count": 3, "max_concurrent": 2**31 - 1}
    path = "/api/v1/actions/demo.run/queue-stats"
    api.on("GET", path, {"data": queue})

    shown = attune("action", "queue", "demo.run")

    assert "unlimited" in shown.out
    assert json.loads(attune("action", "queue", "demo.run", "-j").out) == queue
