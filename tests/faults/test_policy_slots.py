"""200 executions in 4 groups under a policy that changes, while parts are killed."""

from collections import Counter

import pytest

from attune.stack.stack import Stack
from tests.faults.policy_slots import (
    delete,
    disable,
    enable,
    kill,
    policy_slots,
    threshold,
)
from tests.support.api import Person


@pytest.mark.timeout(240)
async def test_places_are_never_exceeded_and_never_leak(
    stack: Stack, person: Person
) -> None:
    run = await policy_slots(
        stack,
        person,
        executions=200,
        steps=[
            *(kill("worker"), threshold(1), kill("worker")),
            *(threshold(5), kill("orchestrator")),
        ],
    )

    assert run.problems() == []
    assert len(run.executions) == 204
    assert Counter(each.group for each in run.executions) == dict.fromkeys("abcd", 51)


@pytest.mark.timeout(240)
async def test_a_policy_that_goes_away_leaves_nobody_waiting(
    stack: Stack, person: Person
) -> None:
    run = await policy_slots(
        stack,
        person,
        pack="fading",
        executions=100,
        steps=[disable, enable(3), delete],
    )

    assert run.problems() == []
