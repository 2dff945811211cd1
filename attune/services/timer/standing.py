"""A timer as its rows have it now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from attune.domain.timer import Timer
from attune.domain.timer_state import TimerState, next_due, state_of
from attune.domain.timer_text import read_timer

LATE: Final = timedelta(seconds=3)
"""After so long somebody looks whether a timer has fired."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """When a rule is due, and what of that has been dealt with."""

    timer: Timer
    state: TimerState

    @property
    def next_due(self) -> datetime | None:
        """When it is due next, or was due and has not fired."""
        return next_due(self.timer, self.state)


def standing_of(row: Any) -> Standing:
    """Read the rows of timer and rule; raises InvalidInput where the rule is broken."""
    timer = read_timer(row.trigger_ref, row.trigger_params)
    known = None
    if row.fingerprint is not None and row.anchor is not None:
        known = TimerState(
            fingerprint=row.fingerprint, anchor=row.anchor, done_until=row.done_until
        )
    return Standing(
        timer=timer, state=state_of(timer, known, changed_at=row.changed_at)
    )


def columns_of(state: TimerState, due: datetime | None) -> dict[str, Any]:
    """Return what the row of the timer says of where it stands."""
    return {
        "fingerprint": state.fingerprint,
        "anchor": state.anchor,
        "done_until": state.done_until,
        "next_due_at": due,
        "look_at": None if due is None else due + LATE,
        "problem": None,
    }


def broken_columns(problem: str) -> dict[str, Any]:
    """Return what the row says of a timer that cannot be read."""
    return {"problem": problem, "next_due_at": None, "look_at": None}
