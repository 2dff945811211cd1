"""What crosses Temporal when a timer is woken: ids and spans; its times are in rows."""

from attune.messages.base import Message


class TimerWake(Message):
    """A timer that may be due."""

    rule_id: int
    rule_ref: str
    """For the reader of the Web UI."""
    sleeps: bool = False
    """The run itself waits for the next time, and the one after."""


class TimerFired(Message):
    """What came of a look at a timer."""

    fired_count: int = 0
    again_in_seconds: float | None = None
    """When the run has to look again; None when it has not."""


class TimerReport(Message):
    """How many events a run has emitted."""

    fired_count: int
