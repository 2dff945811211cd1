"""What is done about the process of a sensor, and how long one that fails rests."""

from dataclasses import replace

import pytest

from attune.domain.sensor import (
    LOOK_AGAIN_SECONDS,
    NO_ROOM_SECONDS,
    BackOff,
    SensorFacts,
    SensorNeed,
    SensorState,
    StepKind,
    explain,
    next_step,
)

RUNNING = SensorFacts(
    is_wanted=True,
    is_outdated=False,
    state=SensorState.RUNNING,
    generation=7,
    lease_seconds=10,
)
STOPPED = replace(RUNNING, state=SensorState.STOPPED, lease_seconds=0)
FAILED = replace(STOPPED, state=SensorState.WAITING, starts_in_seconds=20)
NEED = SensorNeed(
    is_enabled=True,
    is_pack_enabled=True,
    has_runtime=True,
    trigger_count=1,
    enabled_trigger_count=1,
    rule_count=1,
)


@pytest.mark.parametrize(
    ("facts", "carried", "kind"),
    [
        (RUNNING, 7, StepKind.KEEP),
        (replace(RUNNING, state=SensorState.STARTING), 7, StepKind.KEEP),
        (RUNNING, 6, StepKind.END),
        (replace(RUNNING, is_wanted=False), 7, StepKind.END),
        (replace(RUNNING, is_outdated=True), 7, StepKind.END),
        (replace(RUNNING, state=SensorState.STOPPING), 7, StepKind.END),
        (FAILED, 7, StepKind.END),
    ],
)
def test_a_process_is_kept_while_it_is_the_wanted_one(
    facts: SensorFacts, carried: int, kind: StepKind
) -> None:
    assert next_step(facts, carried=carried, declined=False).kind is kind


@pytest.mark.parametrize(
    ("facts", "kind", "seconds"),
    [
        (STOPPED, StepKind.RUN, 0),
        (replace(STOPPED, is_wanted=False), StepKind.STOP, 0),
        (FAILED, StepKind.WAIT, 20),
        (replace(FAILED, starts_in_seconds=-1), StepKind.RUN, 0),
        (replace(FAILED, is_outdated=True), StepKind.RUN, 0),
        (replace(FAILED, is_wanted=False), StepKind.STOP, 0),
        # Nobody carries it, and it may live all the same.
        (RUNNING, StepKind.WAIT, LOOK_AGAIN_SECONDS),
        (replace(RUNNING, lease_seconds=0.3), StepKind.WAIT, 0.3),
        (replace(RUNNING, is_wanted=False), StepKind.WAIT, LOOK_AGAIN_SECONDS),
        (replace(RUNNING, lease_seconds=-1), StepKind.RUN, 0),
        (replace(RUNNING, lease_seconds=-1, is_wanted=False), StepKind.STOP, 0),
    ],
)
def test_nothing_starts_before_its_time(
    facts: SensorFacts, kind: StepKind, seconds: float
) -> None:
    step = next_step(facts, carried=None, declined=False)

    assert (step.kind, step.wait_seconds) == (kind, seconds)


def test_a_worker_without_room_is_given_time() -> None:
    step = next_step(STOPPED, carried=None, declined=True)

    assert (step.kind, step.wait_seconds) == (StepKind.WAIT, NO_ROOM_SECONDS)


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [BackOff().delay_seconds(count) for count in range(1, 9)]

    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]
    assert BackOff().delay_seconds(10**9) == 300


def test_a_good_time_ends_a_row_of_failures() -> None:
    back_off = BackOff(well_after_seconds=60)

    assert back_off.count_failure(4, 59) == 5
    assert back_off.count_failure(4, 60) == 1


@pytest.mark.parametrize(
    ("need", "reason"),
    [
        (NEED, None),
        (replace(NEED, is_enabled=False), "the sensor is disabled"),
        (replace(NEED, is_pack_enabled=False), "its pack is disabled"),
        (replace(NEED, has_runtime=False), "its runtime does not exist"),
        (replace(NEED, trigger_count=0), "it serves no trigger"),
        (replace(NEED, enabled_trigger_count=0), "its triggers are disabled"),
        (replace(NEED, rule_count=0), "no enabled rule uses its triggers"),
    ],
)
def test_what_is_not_needed_says_why(need: SensorNeed, reason: str | None) -> None:
    assert need.idle_reason == reason
    assert need.is_wanted is (reason is None)


def test_what_is_needed_and_does_not_run_says_why() -> None:
    assert explain(SensorState.RUNNING, NEED, 0) is None
    assert explain(SensorState.WAITING, NEED, 0) == "no worker has room for it"
    reasons = {explain(state, NEED, 1) for state in SensorState}
    assert len(reasons) == len(SensorState)
