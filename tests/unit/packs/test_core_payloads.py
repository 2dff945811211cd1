"""What the platform emits is what its triggers say that they emit."""

from datetime import UTC, datetime

import pytest

from attune.domain.json import Json
from attune.domain.schema import validate
from attune.domain.timer_payload import timer_payload
from attune.domain.timer_text import read_timer
from attune.packs.loader import CORE_DIRECTORY, read_pack

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TIMERS: dict[str, dict[str, Json]] = {
    "core.intervaltimer": {"unit": "minutes", "interval": 5},
    "core.crontimer": {"expression": "0 0 9 * * 1-5"},
    "core.datetimetimer": {"fire_at": "2026-11-25T12:00:00Z"},
    "core.rruletimer": {"freq": "DAILY", "dtstart": "2026-11-25T12:00:00Z"},
}


@pytest.mark.parametrize("trigger_ref", TIMERS)
def test_a_timer_emits_what_its_trigger_says(trigger_ref: str) -> None:
    triggers = read_pack(CORE_DIRECTORY).components.triggers
    schemas = {each.document.ref: each.document.out_schema for each in triggers}
    timer = read_timer(trigger_ref, TIMERS[trigger_ref])

    payload = timer_payload(timer, due=NOW, fired_at=NOW, next_due=NOW, count=1)

    assert validate(schemas[trigger_ref], payload) == []
    assert payload.keys() == schemas[trigger_ref].keys()
