"""Which of the times that have come a timer fires for."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from attune.domain.timer import Misfire, Timer

GRACE: Final = timedelta(seconds=10)
"""A time that is no longer past than this is not missed, merely a little late."""

AT_ONCE: Final = 100
"""So many events are written in one transaction."""

_SCAN: Final = 20_000
"""So many times are looked at, one by one; of a longer backlog the last part is."""


@dataclass(frozen=True)
class Firing:
    """An event that is to be emitted."""

    due: datetime
    missed_count: int = 0
    """How many times before it this one stands for."""


@dataclass(frozen=True, kw_only=True)
class FiringPlan:
    """What to fire now, and where that leaves the timer."""

    firings: Sequence[Firing]
    done_until: datetime
    missed_count: int
    """Times that passed without an event of their own."""
    has_more: bool
    """Others are due already, for the next transaction."""


def plan_firings(
    timer: Timer, *, anchor: datetime, done_until: datetime, now: datetime
) -> FiringPlan:
    """Return what to fire of all that is due after `done_until`, up to now."""
    dues, passed_count = _backlog(timer, anchor, done_until, now)
    firings = _firings(timer, dues, passed_count, now)
    at_once, more = firings[:AT_ONCE], firings[AT_ONCE:]
    last = at_once[-1].due if more else (dues or [done_until])[-1]
    return FiringPlan(
        firings=at_once,
        done_until=last,
        missed_count=passed_count + len(dues) - len(firings),
        has_more=bool(more),
    )


def _firings(
    timer: Timer, dues: Sequence[datetime], passed_count: int, now: datetime
) -> list[Firing]:
    if not dues or now - dues[0] <= GRACE:
        return [Firing(due) for due in dues]
    if timer.misfire is Misfire.ONCE:
        return [Firing(dues[-1], passed_count + len(dues) - 1)]
    if timer.misfire is Misfire.SKIP:
        return [Firing(due) for due in dues if now - due <= GRACE]
    first = Firing(dues[0], passed_count)
    return [first, *(Firing(due) for due in dues[1:])]


def _backlog(
    timer: Timer, anchor: datetime, done_until: datetime, now: datetime
) -> tuple[Sequence[datetime], int]:
    """Return the last times that are due, and how many there were before at least."""
    start, passed_count = done_until, 0
    while True:
        last = deque[datetime](maxlen=timer.misfire_limit)
        count = 0
        due_by_now = takewhile(lambda due: due <= now, timer.due_after(start, anchor))
        for due in due_by_now:
            last.append(due)
            count += 1
            if count == _SCAN:
                break
        else:
            return list(last), passed_count + count - len(last)
        passed_count += count
        # The times of half as long a span are about half as many.
        start = max(last[-1], now - (last[-1] - start) / 2)
