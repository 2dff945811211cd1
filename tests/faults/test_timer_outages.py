"""Timers through a short outage of each part, and a kill of each when they are due."""

import pytest

from attune.stack.stack import Stack
from tests.faults.timer_outages import PARTS, QUIET_SECONDS, timer_outages
from tests.support.api import Person


@pytest.mark.timeout(420)
async def test_no_time_is_skipped_or_doubled(stack: Stack, person: Person) -> None:
    outcome = await timer_outages(stack, person, outage=3, dates=6, parts=PARTS)

    # How quickly they recover is for a machine that has nothing else to do.
    assert outcome.problems(recovery_seconds=QUIET_SECONDS) == []
    assert len(outcome.recoveries) > len(PARTS)
