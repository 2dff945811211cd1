"""`attune timer` and what `attune rule show` says of timers."""

import json
from typing import Any

from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data, page

TIMER: dict[str, Any] = {
    "rule_ref": "demo.tick",
    "trigger_ref": "core.intervaltimer",
    "type": "interval",
    "schedule": "every 5 minutes",
    "active": True,
    "misfire": "once",
    "next_fire_at": "2030-01-01T12:00:00Z",
    "firings": ["2030-01-01T12:00:00Z", "2030-01-01T12:05:00Z"],
    "last_fired_at": "2029-12-31T12:00:00Z",
    "execution_count": 17,
    "missed_count": 4,
    "problem": None,
}
FIRINGS = "/api/v1/rules/demo.tick/firings"


def test_timers_are_listed_with_what_comes_next(attune: Attune, api: FakeApi) -> None:
    api.on("GET", "/api/v1/timers", page(TIMER))

    outcome = attune("timer", "list", "--limit", "3")

    assert dict(api.requests[0].url.params) == {"page": "1", "page_size": "3"}
    for text in ("demo.tick", "every 5 minutes", "2030-01-01", "17", "4"):
        assert text in outcome.out


def test_a_timer_is_shown_with_as_many_times_as_asked(
    attune: Attune, api: FakeApi
) -> None:
    api.on("GET", FIRINGS, data(**TIMER))

    shown = attune("timer", "show", "demo.tick", "--count", "2").out

    assert api.requests[0].url.params["count"] == "2"
    assert "next firings" in shown
    assert shown.count("2030-01-01") == 2
    assert json.loads(attune("timer", "show", "demo.tick", "-j").out) == TIMER


def test_a_preview_sends_what_the_trigger_declares(
    attune: Attune, api: FakeApi
) -> None:
    schema = {"unit": {"type": "string"}, "interval": {"type": "integer"}}
    api.on("GET", "/api/v1/triggers/core.intervaltimer", data(param_schema=schema))
    api.on("POST", "/api/v1/timers/preview", data(**TIMER))

    words = ("--param", "unit=minutes", "--param", "interval=5", "--count", "2")
    outcome = attune("timer", "preview", "core.intervaltimer", *words)

    assert api.body("POST", "/api/v1/timers/preview") == {
        "trigger_ref": "core.intervaltimer",
        "trigger_params": {"unit": "minutes", "interval": 5},
        "count": 2,
    }
    assert outcome.out.count("2030-01-01") == 2


def test_a_rule_that_is_a_timer_says_when_it_fires(
    attune: Attune, api: FakeApi
) -> None:
    rule = {"ref": "demo.tick", "trigger_ref": "core.intervaltimer"}
    api.on("GET", "/api/v1/rules/demo.tick", data(**rule))
    api.on("GET", FIRINGS, data(**TIMER))

    shown = attune("rule", "show", "demo.tick").out

    assert "next firing" in shown
    assert "17" in shown
    document = json.loads(attune("rule", "show", "demo.tick", "-j").out)
    assert document == {**rule, "timer": TIMER}


def test_other_rules_say_nothing_of_firings(attune: Attune, api: FakeApi) -> None:
    rule = {"ref": "demo.when", "trigger_ref": "demo.fired"}
    api.on("GET", "/api/v1/rules/demo.when", data(**rule))

    assert "firing" not in attune("rule", "show", "demo.when").out
