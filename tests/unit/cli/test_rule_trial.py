"""Rules tried, events explained and replayed from the command line."""

import json
from pathlib import Path

from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data

TRIAL = {
    "rule_ref": "demo.r",
    "trigger_ref": "demo.t",
    "event": 42,
    "would_match": True,
    "would_execute": False,
    "error": None,
    "conditions": [
        {"condition": "conditions.any[0]: a", "holds": False, "decided": False},
        {"condition": "conditions.any[1]: b", "holds": None, "decided": False},
        {"condition": "conditions.any[2]: c", "holds": True, "decided": True},
    ],
    "action_ref": "demo.a",
    "action_params": {"text": "hi", "token": "***"},
    "trace_tag": "t-1",
    "obstacles": ["The rule is disabled"],
}


def test_a_rule_is_tried_on_an_event(attune: Attune, api: FakeApi) -> None:
    api.on("POST", "/api/v1/rules/demo.r/test", data(**TRIAL))

    told = attune("rule", "test", "demo.r", "--event", "42")
    asked = api.body("POST", "/api/v1/rules/demo.r/test")

    assert asked == {"event_id": 42}
    assert told.out == (
        "rule demo.r would match event 42 of demo.t, but execute nothing\n"
        "  ✗ conditions.any[0]: a\n"
        "  ! conditions.any[1]: b\n"
        "  ✓ conditions.any[2]: c  (decided)\n"
        "obstacle: The rule is disabled\n"
        "action: demo.a\n"
        "trace tag: t-1\n"
        "action parameters:\n"
        "  text: hi\n"
        "  token: '***'\n"
    )
    assert json.loads(attune("rule", "test", "demo.r", "--event", "42", "-j").out) == (
        TRIAL
    )


def test_a_rule_is_tried_on_a_payload(
    attune: Attune, api: FakeApi, tmp_path: Path
) -> None:
    path = "/api/v1/rules/demo.r/test"
    refused = {"would_match": False, "event": None, "error": "conditions[0]: no"}
    api.on("POST", path, data(**TRIAL | refused))
    file = tmp_path / "order.json"
    file.write_text('{"n": 1}')

    told = attune("rule", "test", "demo.r", "--payload", "[1]", "--trigger", "demo.u")
    of_text = api.body("POST", path)
    attune("rule", "test", "demo.r", "--payload", f"@{file}")
    of_file = api.body("POST", path)
    neither = attune("rule", "test", "demo.r")

    assert of_text == {"payload": [1], "trigger_ref": "demo.u"}
    assert of_file == {"payload": {"n": 1}}
    assert told.out.startswith("rule demo.r would not match such an event of demo.t\n")
    assert "error: conditions[0]: no" in told.out
    assert "either an --event or a --payload" in neither.err


def test_an_event_shows_why_each_rule_did_or_did_not_match(
    attune: Attune, api: FakeApi
) -> None:
    matches = [
        {"rule_ref": "demo.yes", "matched": True},
        {"rule_ref": "demo.bad", "matched": False, "error": "conditions: broken"},
        {"rule_ref": "demo.no", "matched": False, "decided_by": "conditions[0]: a"},
        {"rule_ref": "demo.off", "matched": False, "skipped": "The rule is disabled"},
    ]
    api.on("GET", "/api/v1/events/9", data(id=9, matches=matches, matches_left_out=7))

    shown = attune("event", "show", "9").out

    for line in (
        "  ✓ demo.yes\n",
        "  ! demo.bad: conditions: broken\n",
        "  ✗ demo.no: conditions[0]: a\n",
        "  - demo.off: The rule is disabled\n",
        "  … and 7 more\n",
    ):
        assert line in shown


def test_an_event_is_replayed(attune: Attune, api: FakeApi) -> None:
    api.on("POST", "/api/v1/events/9/replay", data(id=10, matches=[]))

    plain = attune("event", "replay", "9")
    attune("event", "replay", "9", "--rule", "demo.r", "--idempotency-key", "k")

    assert plain.out == "event 9 replayed as event 10; no rule matched\n"
    assert api.body("POST", "/api/v1/events/9/replay") == {"rule_ref": "demo.r"}
    assert api.requests[-1].headers["idempotency-key"] == "k"
