"""The named time-outs and retry policies of every workflow; nowhere else."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.workflow import (
    ActivityCancellationType,
    ActivityConfig,
    LocalActivityConfig,
)

with workflow.unsafe.imports_passed_through():
    from attune.messages.execution import Pause
    from attune.messages.names import UNEXPECTED

HEARTBEAT_TIMEOUT = timedelta(seconds=15)
"""How long a worker may be silent before it counts as lost; it beats every 3 s."""

ACTION_ALLOWANCE = timedelta(minutes=15)
"""Beyond an action's own limit: building its environment, ending it, reporting it."""

SENSOR_HEARTBEAT_TIMEOUT = timedelta(seconds=10)
"""The same for a worker that hosts a sensor, which another one has to take soon."""

_YEARS = timedelta(days=3650)

_LONGEST_STEP = timedelta(seconds=60)

GATHERING = Pause(seconds=0.5)
"""How long a workflow run that hosts several executions lets their ends gather."""

SHORT_GATHERING = Pause(seconds=0.04)
"""The same for the run of a pack's workflow, where what follows waits for it."""

GATHERS_FROM = 8
"""With so many executions under way the next end is near."""

HANDS = 8
"""So many executions are begun in one step; each takes up others when it has ended."""

GLANCE = timedelta(milliseconds=150)
"""So long it may take them to end two each, before as many again are begun."""

LARGEST_RUN = 200
"""How many executions one run of a pack's workflow carries at a time."""

DRAINING = timedelta(seconds=30)
"""How long a run with a long history waits for what it carries, to continue as new."""

HISTORY_STEP = 4_000
"""After so many more history events it tries again."""

LONGEST_HISTORY = 40_000
"""Beyond so many history events it carries nothing new until it has drained."""


TIMER_PATIENCE = timedelta(seconds=60)
"""How long one run of a timer tries to reach PostgreSQL."""


def action(*, queue: str, limit_seconds: float, summary: str) -> ActivityConfig:
    """Run once on a worker of the runtime; a cancel waits for the process to end."""
    return {
        "task_queue": queue,
        "start_to_close_timeout": timedelta(seconds=limit_seconds) + ACTION_ALLOWANCE,
        "heartbeat_timeout": HEARTBEAT_TIMEOUT,
        "retry_policy": RetryPolicy(maximum_attempts=1),
        "cancellation_type": ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        "summary": summary,
    }


def sensor(*, queue: str, summary: str) -> ActivityConfig:
    """Run as long as the sensor is wanted; who is silent for ten seconds is lost."""
    return {
        "task_queue": queue,
        "start_to_close_timeout": _YEARS,
        "heartbeat_timeout": SENSOR_HEARTBEAT_TIMEOUT,
        "retry_policy": RetryPolicy(maximum_attempts=1),
        "cancellation_type": ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        "summary": summary,
    }


def database(*, summary: str) -> LocalActivityConfig:
    """Repeat until PostgreSQL takes it."""
    return {
        "start_to_close_timeout": timedelta(seconds=10),
        "retry_policy": RetryPolicy(
            initial_interval=timedelta(milliseconds=200),
            maximum_interval=timedelta(seconds=5),
        ),
        "summary": summary,
    }


def advance() -> LocalActivityConfig:
    """Repeat until PostgreSQL takes it; a step may write thousands of rows.

    What is our own mistake ends the run: another one tries again, not for ever.
    """
    return {
        "start_to_close_timeout": _LONGEST_STEP,
        "retry_policy": RetryPolicy(
            initial_interval=timedelta(milliseconds=200),
            maximum_interval=timedelta(seconds=5),
            non_retryable_error_types=[UNEXPECTED],
        ),
        "summary": "advance",
    }


def fire_timer(*, sleeps: bool) -> LocalActivityConfig:
    """Repeat until PostgreSQL takes it.

    A run that does not sleep gives up in favor of later ones: the row forgets nothing.
    """
    return {
        "start_to_close_timeout": _LONGEST_STEP,
        "schedule_to_close_timeout": None if sleeps else TIMER_PATIENCE,
        "retry_policy": RetryPolicy(
            initial_interval=timedelta(milliseconds=200),
            maximum_interval=timedelta(seconds=2),
            non_retryable_error_types=[UNEXPECTED],
        ),
        "summary": "fire",
    }


def pause() -> LocalActivityConfig:
    """Wait in this process; a crash merely cuts the pause short."""
    return {
        "start_to_close_timeout": timedelta(seconds=10),
        "retry_policy": RetryPolicy(maximum_attempts=1),
    }
