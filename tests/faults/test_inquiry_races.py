"""Everything races for inquiries, a third of them without Temporal (guarantee G5).

Exactly one answer, deadline or cancel wins each; what won is what is on record and what
the workflow run saw.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any

import pytest

from attune.stack.stack import Stack
from tests.support.api import Person
from tests.support.eventually import eventually

ANSWERS = 10
LANES = 6
MARGIN_SECONDS = 0.05
APART_SECONDS = 0.2
LEAD = timedelta(seconds=3)
IS_LONG = os.environ.get("ATTUNE_TEST_LONG") == "1"
"""At full length it takes minutes; the suite runs a short form."""
DOWN_SECONDS = 60 if IS_LONG else 8
DELIVERY_SECONDS = 30
ENDS = {"responded": "completed", "timeout": "timeout", "cancelled": "cancelled"}


class Kind(StrEnum):
    """What the answers to an inquiry race with."""

    PLAIN = "each other"
    LATE = "the deadline"
    CANCELLED = "a cancel"


WITH_TEMPORAL = (
    ((Kind.PLAIN, 100), (Kind.PLAIN, 100), (Kind.LATE, 66), (Kind.CANCELLED, 66))
    if IS_LONG
    else ((Kind.PLAIN, 30), (Kind.LATE, 15), (Kind.CANCELLED, 15))
)
WITHOUT = (
    ((Kind.PLAIN, 100), (Kind.LATE, 34), (Kind.CANCELLED, 34))
    if IS_LONG
    else ((Kind.PLAIN, 15), (Kind.LATE, 8), (Kind.CANCELLED, 8))
)
"""How many inquiries a workflow asks at once."""
ASKED = sum(count for _, count in (*WITH_TEMPORAL, *WITHOUT))


@dataclass
class Race:
    """One inquiry, and what was said to those who tried to decide it."""

    id: int
    execution: int
    accepted: list[dict[str, Any]] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    cancels: Counter[int] = field(default_factory=Counter)


@dataclass
class Group:
    """The inquiries of one workflow."""

    kind: Kind
    workflow: int
    races: list[Race]


@pytest.mark.timeout(600)
async def test_one_of_all_that_race_for_an_inquiry_wins_and_the_workflow_sees_it(
    stack: Stack, person: Person
) -> None:
    ref = await _asking_workflow(person)
    up = [await _ask(person, ref, *each) for each in WITH_TEMPORAL]
    down = [await _ask(person, ref, *each) for each in WITHOUT]
    runner = Runner(person)

    await runner.race(up)
    await stack.stop("temporal")
    begun_at = time.monotonic()
    await runner.race(down)
    await asyncio.sleep(max(0, begun_at + DOWN_SECONDS - time.monotonic()))
    await stack.start("temporal")
    async with asyncio.timeout(DELIVERY_SECONDS):
        ended = [await person.ends(group.workflow) for group in [*down, *up]]

    outcomes: dict[Kind, Counter[str]] = {kind: Counter() for kind in Kind}
    for workflow, group in zip(ended, [*down, *up], strict=True):
        for race in group.races:
            outcomes[group.kind][await _check(person, race)] += 1
        await _check_what_was_seen(person, workflow, group)
    plain = sum(n for kind, n in (*WITH_TEMPORAL, *WITHOUT) if kind is Kind.PLAIN)
    assert outcomes[Kind.PLAIN] == {"responded": plain}
    # Each side of each race has to have been seen to win.
    assert set(outcomes[Kind.LATE]) == {"responded", "timeout"}
    assert set(outcomes[Kind.CANCELLED]) == {"responded", "cancelled"}
    assert sum(each.total() for each in outcomes.values()) == ASKED


class Runner:
    """Tries everything at once, in an order that is none."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._random = Random(5)  # noqa: S311 - nothing is guarded by it
        self._ahead_seconds = 0.0
        """How much earlier answers are sent than seems to be in time."""

    async def race(self, groups: Sequence[Group]) -> None:
        races: dict[Kind, list[Race]] = {kind: [] for kind in Kind}
        for group in groups:
            races[group.kind] += group.races
        attempts = [
            *map(self._answer_all, races[Kind.PLAIN]),
            *map(self._answer_and_cancel, races[Kind.CANCELLED]),
        ]
        self._random.shuffle(attempts)
        waiting = iter(attempts)

        async def lane() -> None:
            for attempt in waiting:
                await attempt

        await asyncio.gather(*(lane() for _ in range(LANES)))
        await self._race_the_deadlines(races[Kind.LATE])

    async def _answer_all(self, race: Race) -> None:
        await asyncio.gather(*(self._answer(race, number) for number in range(ANSWERS)))

    async def _answer_and_cancel(self, race: Race) -> None:
        attempts = [self._answer(race, number) for number in range(ANSWERS)]
        attempts.append(self._cancel(race))
        self._random.shuffle(attempts)
        await asyncio.gather(*attempts)

    async def _race_the_deadlines(self, races: Sequence[Race]) -> None:
        """Give each its deadline and answer around it, one after the other."""
        await asyncio.gather(
            *(
                self._race_the_deadline(race, number * APART_SECONDS)
                for number, race in enumerate(races)
            )
        )

    async def _race_the_deadline(self, race: Race, wait_seconds: float) -> None:
        await asyncio.sleep(wait_seconds)
        deadline = datetime.now(UTC) + LEAD
        body = {"timeout_at": deadline.isoformat()}
        path = f"/api/v1/inquiries/{race.id}"
        begun_at = time.monotonic()
        changed = await self._person.http.put(path, json=body)
        # An answer takes about as long to get there, on this machine and just now; how
        # far about grows with it.
        way = time.monotonic() - begun_at
        assert changed.is_success, changed.text
        margin = max(MARGIN_SECONDS, 2 * way)
        off = self._random.uniform(-margin, margin) - way - self._ahead_seconds
        left = (deadline - datetime.now(UTC)).total_seconds() + off
        await asyncio.sleep(max(0, left))
        await self._answer_all(race)
        # Whoever has won gives the others a start, so that each side wins some.
        self._ahead_seconds += -margin if race.accepted else margin

    async def _answer(self, race: Race, number: int) -> None:
        response = {"by": number, "inquiry": race.id}
        path = f"/api/v1/inquiries/{race.id}/respond"
        answer = await self._person.http.post(path, json={"response": response})
        race.answers[answer.status_code] += 1
        if answer.is_success:
            assert answer.json()["data"]["response"] == response
            race.accepted.append(response)

    async def _cancel(self, race: Race) -> None:
        path = f"/api/v1/executions/{race.execution}/cancel"
        race.cancels[(await self._person.http.post(path)).status_code] += 1


async def _asking_workflow(person: Person) -> str:
    """Make a workflow that asks as often as it is told to, and gives all answers."""
    await person.make_pack("races")
    ask = {
        "name": "ask",
        "action": "core.ask",
        "with_items": "{{ range(parameters.count) }}",
        "concurrency": 100,
        "input": {"prompt": "Who is first with {{ item }}?"},
        # An element that timed out or was cancelled is no failure of the workflow.
        "next": [{"do": ["rest"]}],
    }
    body = {
        "ref": "races.ask",
        "label": "Ask",
        "pack_ref": "races",
        "version": "1.0.0",
        "param_schema": {"count": {"type": "integer"}},
        "definition": {
            "tasks": [ask, {"name": "rest", "action": "core.noop"}],
            "output_map": {"answers": "{{ task.ask.result }}"},
        },
    }
    await person.post("/api/v1/workflows", body)
    return "races.ask"


async def _ask(person: Person, ref: str, kind: Kind, count: int) -> Group:
    """Start a workflow and wait until it has asked everything."""
    workflow = await person.execute(ref, count=count)
    found: list[dict[str, Any]] = []

    async def has_asked() -> bool:
        path = "/api/v1/executions"
        wanted = {"parent": workflow, "status": "running", "per_page": 100}
        found[:] = (await person.get(path, **wanted))["items"]
        return len(found) == count

    try:
        await eventually(has_asked, seconds=60)
    except AssertionError:
        raise AssertionError(f"{len(found)} of {count} asked") from None
    races = [Race(await _inquiry(person, each["id"]), each["id"]) for each in found]
    return Group(kind, workflow, races)


async def _inquiry(person: Person, execution_id: int) -> int:
    found = await person.get(f"/api/v1/executions/{execution_id}/inquiries")
    [inquiry] = found["items"]
    return int(inquiry["id"])


async def _check(person: Person, race: Race) -> str:
    """Check that one thing happened to an inquiry, and return what."""
    inquiry = (await person.get(f"/api/v1/inquiries/{race.id}"))["data"]
    execution = await person.execution(race.execution)
    status: str = inquiry["status"]
    assert execution["status"] == ENDS[status]
    assert race.answers.total() == ANSWERS
    assert set(race.answers) <= {200, 400}
    if status == "responded":
        assert race.accepted == [inquiry["response"]]
        assert execution["result"]["response"] == inquiry["response"]
    else:
        assert (race.accepted, inquiry["response"]) == ([], None)
    assert race.cancels[200] == (status == "cancelled")
    return status


async def _check_what_was_seen(
    person: Person, workflow: dict[str, Any], group: Group
) -> None:
    """Check that the workflow run was given what is on record, each in its place."""
    assert workflow["status"] == "completed"
    seen = workflow["result"]["answers"]
    assert len(seen) == len(group.races)
    for race in group.races:
        execution = await person.execution(race.execution)
        answer = seen[execution["workflow_task"]["task_index"]]
        assert (answer or {}).get("response") == next(iter(race.accepted), None)
