"""Timers: rules on the timer triggers of the core pack, and when they are due."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from attune.domain.cron import LAST_YEAR, Cron
from attune.domain.local_time import moments, read_moment
from attune.domain.recurrence import Recurrence
from attune.domain.recurrence_rule import RecurrenceRule


class TimerKind(StrEnum):
    """What its triggers call them, which is the `type` of their payloads too."""

    INTERVAL = "interval"
    CRON = "cron"
    ONE_SHOT = "one_shot"
    RRULE = "rrule"


TIMER_TRIGGERS: Final[Mapping[str, TimerKind]] = {
    "core.intervaltimer": TimerKind.INTERVAL,
    "core.crontimer": TimerKind.CRON,
    "core.datetimetimer": TimerKind.ONE_SHOT,
    "core.rruletimer": TimerKind.RRULE,
}
"""The triggers whose rules are timers."""

_END: Final = datetime(LAST_YEAR, 12, 31, tzinfo=UTC)
_MOMENT: Final = timedelta(microseconds=1)


class Misfire(StrEnum):
    """What becomes of the times that passed while nothing could fire."""

    ALL = "all"  # each fires, late
    ONCE = "once"  # one fires for all of them
    SKIP = "skip"  # none fires


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Again and again, with the same time in between."""

    every: timedelta

    def due_after(self, moment: datetime, anchor: datetime) -> Iterator[datetime]:
        """Yield when it is due after a moment; the first time is one interval in."""
        count = max((moment - anchor) // self.every + 1, 1)
        due = anchor + count * self.every if count < self._most(anchor) else _END
        while due < _END:
            yield due
            due += self.every

    def _most(self, anchor: datetime) -> int:
        return (_END - anchor) // self.every + 1

    @property
    def text(self) -> str:
        """Say it in a few words."""
        seconds = self.every // timedelta(seconds=1)
        for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
            if seconds % length == 0:
                return _every(seconds // length, unit)
        return _every(seconds, "second")


@dataclass(frozen=True, kw_only=True)
class CronTimes:
    """The times of a cron expression in a time zone."""

    cron: Cron
    zone: ZoneInfo

    def due_after(self, moment: datetime, anchor: datetime) -> Iterator[datetime]:
        """Yield when it is due after a moment."""
        del anchor
        return moments(self.cron, self.zone, moment)

    @property
    def text(self) -> str:
        """Say it in a few words."""
        return f"{self.cron.text} ({self.zone.key})"


@dataclass(frozen=True, kw_only=True)
class OneMoment:
    """Once."""

    fire_at: datetime
    zone: ZoneInfo

    def due_after(self, moment: datetime, anchor: datetime) -> Iterator[datetime]:
        """Yield it, unless it has passed."""
        del anchor
        if self.fire_at > moment:
            yield self.fire_at

    @property
    def text(self) -> str:
        """Say it in a few words."""
        return f"once at {self.fire_at.astimezone(self.zone).isoformat()}"


@dataclass(frozen=True, kw_only=True)
class RecurrenceTimes:
    """The times of a recurrence rule in a time zone."""

    rule: RecurrenceRule
    begins: datetime | None
    """On the clock of the zone; the timer's own begin if it names none."""
    until: datetime | None
    zone: ZoneInfo

    def due_after(self, moment: datetime, anchor: datetime) -> Iterator[datetime]:
        """Yield when it is due after a moment."""
        recurrence = self.recurrence(anchor)
        start = read_moment(recurrence.begins, self.zone)
        if self.begins is not None:
            # A first time that was named is one of the times.
            start -= _MOMENT
        end = self.until or _END
        if (last := recurrence.last) is not None:
            end = min(end, read_moment(last, self.zone))
        for due in moments(recurrence, self.zone, max(moment, start)):
            if due > end:
                return
            yield due

    def recurrence(self, anchor: datetime) -> Recurrence:
        """Return the rule with its first time."""
        begins = self.begins or anchor.astimezone(self.zone).replace(tzinfo=None)
        return _begun(self.rule, begins)

    @property
    def text(self) -> str:
        """Say it in a few words."""
        often = self.rule.freq.lower()
        if self.rule.interval > 1:
            often += f", interval {self.rule.interval}"
        return f"{often} ({self.zone.key})"


TimerTimes: TypeAlias = Interval | CronTimes | OneMoment | RecurrenceTimes


@dataclass(frozen=True, kw_only=True)
class Timer:
    """When a rule is due, and what becomes of times that were missed."""

    kind: TimerKind
    times: TimerTimes
    misfire: Misfire
    misfire_limit: int

    def due_after(self, moment: datetime, anchor: datetime) -> Iterator[datetime]:
        """Yield when it is due after a moment, ascending; anchor is when it began."""
        return self.times.due_after(moment, anchor)

    @property
    def fingerprint(self) -> str:
        """Tell timers apart that are due at other times."""
        return hashlib.sha256(repr(_facts(self.times)).encode()).hexdigest()[:16]


@lru_cache(maxsize=1024)
def _begun(rule: RecurrenceRule, begins: datetime) -> Recurrence:
    return Recurrence(rule, begins)


def _facts(times: TimerTimes) -> tuple[object, ...]:
    """Return what decides when it is due, in a form that is the same everywhere."""
    match times:
        case Interval():
            return "interval", times.every.total_seconds()
        case CronTimes():
            return "cron", times.cron.text, times.zone.key
        case OneMoment():
            return "once", times.fire_at.isoformat()
        case RecurrenceTimes():
            values = (getattr(times.rule, each.name) for each in fields(times.rule))
            parts = [
                sorted(part) if isinstance(part, frozenset) else part for part in values
            ]
            return "rrule", parts, times.begins, times.until, times.zone.key


def _every(count: int, unit: str) -> str:
    return f"every {unit}" if count == 1 else f"every {count} {unit}s"
