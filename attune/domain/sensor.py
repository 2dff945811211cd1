"""The life of a sensor's process: whether one is wanted, when it starts, what ends it.

Of each sensor there is at most one process. Each start has a generation of its own; who
speaks for an older one is refused, and nothing newer starts while the older may live.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LEASE_SECONDS: Final = 16.0
"""So long after its last heartbeat a process may still be alive.

Its worker kills it when the API has not answered for a shorter time than this.
"""
LOOK_AGAIN_SECONDS: Final = 1.0
NO_ROOM_SECONDS: Final = 2.0
"""How long a sensor waits that a worker had no room for."""
ALERT_AFTER: Final = 3
"""So many failures in a row are worth an alert."""


class SensorState(StrEnum):
    """Where the process of a sensor stands."""

    STOPPED = "stopped"  # there is none
    WAITING = "waiting"  # there is none until a moment: it failed, or found no room
    STARTING = "starting"  # a worker is to take it
    RUNNING = "running"
    STOPPING = "stopping"  # its worker has to end it


MAY_LIVE: Final = frozenset({SensorState.RUNNING, SensorState.STOPPING})


class StepKind(StrEnum):
    """What the workflow of a sensor is to do next."""

    RUN = "run"  # have a worker run it
    KEEP = "keep"  # let it run
    END = "end"  # have it ended, then ask again
    WAIT = "wait"  # ask again after a while
    STOP = "stop"  # there is nothing to do


@dataclass(frozen=True, kw_only=True)
class SensorFacts:
    """What is known of a sensor and its process at one moment."""

    is_wanted: bool
    is_outdated: bool
    """It runs something else than what is defined now, or somebody wants it anew."""
    state: SensorState
    generation: int
    starts_in_seconds: float = 0.0
    """Until it may start again after a failure."""
    lease_seconds: float = 0.0
    """For how long a process that nobody hears of may still live."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What to do next, and when to ask again."""

    kind: StepKind
    wait_seconds: float = 0.0


def next_step(facts: SensorFacts, *, carried: int | None, declined: bool) -> Step:
    """Decide for a workflow that carries a process of this generation, or none.

    `declined` says that a worker had no room for the last one.
    """
    if carried is not None:
        return _of_carried(facts, carried)
    if facts.state in MAY_LIVE and facts.lease_seconds > 0:
        return _wait(min(facts.lease_seconds, LOOK_AGAIN_SECONDS))
    if not facts.is_wanted:
        return Step(kind=StepKind.STOP)
    patience = NO_ROOM_SECONDS if declined else _pause(facts)
    return _wait(patience) if patience > 0 else Step(kind=StepKind.RUN)


def _of_carried(facts: SensorFacts, carried: int) -> Step:
    lives = facts.state in {SensorState.STARTING, SensorState.RUNNING}
    is_current = carried == facts.generation and lives
    if is_current and facts.is_wanted and not facts.is_outdated:
        return Step(kind=StepKind.KEEP)
    return Step(kind=StepKind.END)


def _pause(facts: SensorFacts) -> float:
    """Return how long it still rests; what was changed may be cured."""
    return 0.0 if facts.is_outdated else facts.starts_in_seconds


def _wait(seconds: float) -> Step:
    return Step(kind=StepKind.WAIT, wait_seconds=seconds)


@dataclass(frozen=True, kw_only=True)
class BackOff:
    """How long a sensor that fails waits before it is started again."""

    first_seconds: float = 5.0
    longest_seconds: float = 300.0
    well_after_seconds: float = 60.0
    """A process that ran for so long has been well: its failure is the first."""

    def count_failure(self, failure_count: int, ran_seconds: float) -> int:
        """Return how many failures in a row there are with this one."""
        return 1 if ran_seconds >= self.well_after_seconds else failure_count + 1

    def delay_seconds(self, failure_count: int) -> float:
        """Return the pause after so many failures in a row."""
        doublings = min(max(failure_count - 1, 0), 60)
        return min(self.first_seconds * 2.0**doublings, self.longest_seconds)


@dataclass(frozen=True, kw_only=True)
class SensorNeed:
    """What decides whether a process of the sensor is wanted."""

    is_enabled: bool
    is_pack_enabled: bool
    has_runtime: bool
    trigger_count: int
    enabled_trigger_count: int
    rule_count: int
    """Enabled rules of its enabled triggers."""

    @property
    def is_wanted(self) -> bool:
        """Whether a process has to be there."""
        return self.idle_reason is None

    @property
    def idle_reason(self) -> str | None:  # noqa: PLR0911 - one line for each reason
        """Why no process is wanted; None when one is."""
        if not self.is_enabled:
            return "the sensor is disabled"
        if not self.is_pack_enabled:
            return "its pack is disabled"
        if not self.has_runtime:
            return "its runtime does not exist"
        if not self.trigger_count:
            return "it serves no trigger"
        if not self.enabled_trigger_count:
            return "its triggers are disabled"
        if not self.rule_count:
            return "no enabled rule uses its triggers"
        return None


_REASONS: Final = {
    SensorState.STOPPED: "it is about to start",
    SensorState.WAITING: "it failed, and rests before it starts again",
    SensorState.STARTING: "no worker that offers its runtime has taken it yet",
    SensorState.RUNNING: None,
    SensorState.STOPPING: "it is about to end, and then starts anew",
}


def explain(state: SensorState, need: SensorNeed, failure_count: int) -> str | None:
    """Say why the sensor does not run; None when it does."""
    if need.idle_reason is not None:
        return need.idle_reason
    if state is SensorState.WAITING and not failure_count:
        return "no worker has room for it"
    return _REASONS[state]
