"""200 webhooks while API, orchestrator, worker and Temporal are killed at random."""

import pytest

from attune.stack.stack import Stack
from tests.faults.kill_loop import kill_loop
from tests.support.api import Person


@pytest.mark.timeout(300)
async def test_no_webhook_is_lost_or_doubled(stack: Stack, person: Person) -> None:
    outcome = await kill_loop(stack, person, webhooks=200, rounds=2, seed=7, pause=1.5)

    assert outcome.problems() == []
    assert sum(outcome.kills.values()) == 8
