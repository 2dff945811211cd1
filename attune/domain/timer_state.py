"""Where a timer stands, which outlives restarts and changes of anything but its times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from attune.domain.timer import Timer

_HALF: Final = timedelta(milliseconds=500)


@dataclass(frozen=True, kw_only=True)
class TimerState:
    """What has been dealt with, and from when intervals count."""

    fingerprint: str
    anchor: datetime
    done_until: datetime


def state_of(
    timer: Timer, known: TimerState | None, *, changed_at: datetime
) -> TimerState:
    """Return where the timer stands: where it stood, unless its times were changed."""
    if known is not None and known.fingerprint == timer.fingerprint:
        return known
    # What was dealt with stays so, even if only the fingerprint is made differently.
    done_until = changed_at if known is None else max(changed_at, known.done_until)
    return TimerState(
        fingerprint=timer.fingerprint,
        anchor=(changed_at + _HALF).replace(microsecond=0),
        done_until=done_until,
    )


def next_due(timer: Timer, state: TimerState) -> datetime | None:
    """Return when it is due next, or was due and has not fired."""
    return next(timer.due_after(state.done_until, state.anchor), None)
