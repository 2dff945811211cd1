"""Events from 8 writers while every part of the platform is killed at random."""

import pytest

from attune.stack.stack import Stack
from tests.faults.kill_loop import SIGNALS, Plan, kill_loop
from tests.support.api import Person

PLAN = Plan(
    seconds=10, shortest_pause=0.3, longest_pause=1.5, seed=7, quiet_seconds=120
)


@pytest.mark.timeout(300)
async def test_no_event_is_lost_or_doubled(stack: Stack, person: Person) -> None:
    outcome = await kill_loop(stack, person, PLAN)

    assert outcome.problems() == []
    assert outcome.history.kills.keys() == SIGNALS.keys()
    assert outcome.history.ways.keys() == {"webhook", "event", "batch"}
