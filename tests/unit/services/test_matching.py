"""Rules offered an event: what is kept of many, and that the hostile delay nobody."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from attune.domain.condition import compile_conditions
from attune.domain.enforcement import EnforcementCondition
from attune.domain.executable import ExecutableAction
from attune.domain.json import Json
from attune.services.event.matching import (
    LEFT_OUT,
    MOST_NOTES,
    EventFacts,
    notes_of,
    offer_all,
)
from attune.services.event.rulebook import CompiledRule

ACTION = ExecutableAction(
    id=1,
    ref="demo.work",
    pack_ref="demo",
    runtime_ref="core.shell",
    is_executable=True,
    enabled=True,
    param_schema={},
    timeout_seconds=None,
)


def rule(number: int, conditions: Json = None, **fields: Any) -> CompiledRule:
    defaults: dict[str, Any] = {
        "id": number,
        "ref": f"demo.rule{number}",
        "trigger_ref": "demo.fired",
        "idle": None,
        "condition": EnforcementCondition.ALL,
        "conditions": conditions,
        "compiled": compile_conditions(conditions),
        "problem": None,
        "action_params": {},
        "action_ref": ACTION.ref,
        "action": ACTION,
        "permission_set_refs": None,
        "owner_id": None,
        "trace_tag_template": None,
        "pack_config": {},
        "secret_config": frozenset(),
        "keystore": frozenset(),
    }
    return CompiledRule(**defaults | fields)


def event(payload: Json) -> EventFacts:
    created = datetime(2026, 5, 1, tzinfo=UTC)
    return EventFacts(id=1, trigger_ref="demo.fired", payload=payload, created=created)


HOSTILE: list[Json] = [
    [{"field": "text", "operator": "matches", "value": "^(a+)+$"}] * 100,
    [{"field": "text", "operator": "wildcard", "value": "*a" * 120 + "b"}] * 100,
    [
        {
            "field": "list",
            "operator": "search",
            "mode": "none",
            "conditions": {
                "any": [{"field": "item", "operator": "icontains", "value": "y"}] * 90
            },
        }
    ],
    ["'y' in sort(event.payload.list) or 'y' in event.payload.text"] * 100,
]


async def test_hostile_rules_delay_neither_other_rules_nor_other_requests() -> None:
    harmless = rule(999, ["event.payload.n == 1"])
    rules = [rule(at, HOSTILE[at % len(HOSTILE)]) for at in range(20)] + [harmless]
    payload: Json = {"n": 1, "text": "a" * 250_000, "list": ["x" * 25] * 9_000}
    gaps: list[float] = []

    async def others() -> None:
        while True:
            began = time.process_time()
            await asyncio.sleep(0)
            gaps.append(time.process_time() - began)

    watching = asyncio.create_task(others())
    matches = await offer_all(rules, event(payload))
    watching.cancel()

    assert matches[-1].matched
    assert len(gaps) > 5
    # The longest that others waited, in CPU time: one rule, not twenty.
    assert max(gaps) < 0.5


async def test_of_many_rules_what_matched_or_failed_is_kept() -> None:
    many = [rule(at, ["false"]) for at in range(MOST_NOTES)]
    told = [rule(100, idle="off"), *many, rule(101, ["1 < 'a'"]), rule(102)]

    notes = notes_of(await offer_all(told, event({})))

    assert [note["rule"] for note in notes[:3]] == [102, 101, 0]
    assert len(notes) == MOST_NOTES + 1
    assert notes[-1] == {LEFT_OUT: 3}


async def test_all_of_a_few_are_kept_with_what_came_of_them() -> None:
    told = [rule(1, ["false"]), rule(2, idle="off"), rule(3), rule(4, ["1 < 'a'"])]

    notes = notes_of(await offer_all(told, event({})))

    assert notes == [
        {"rule": 3, "rule_ref": "demo.rule3", "matched": True},
        {
            "rule": 4,
            "rule_ref": "demo.rule4",
            "matched": False,
            "decided_by": "conditions[0]: 1 < 'a'",
            "error": "conditions[0]: 1 < 'a': '<' cannot take number and string",
        },
        {
            "rule": 1,
            "rule_ref": "demo.rule1",
            "matched": False,
            "decided_by": "conditions[0]: false",
        },
        {"rule": 2, "rule_ref": "demo.rule2", "matched": False, "skipped": "off"},
    ]
