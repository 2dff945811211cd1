"""When a recurrence rule (RFC 5545) is due."""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import islice
from math import gcd
from typing import Final

from attune.domain.cron import LAST_YEAR
from attune.domain.local_time import DAY
from attune.domain.recurrence_rule import (
    SPANS,
    Frequency,
    RecurrenceRule,
    length_of_year,
)

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_WEEK: Final = 7
_YEAR: Final = 12
_END: Final = date(LAST_YEAR, 12, 31).toordinal() + 1


@dataclass(frozen=True)
class Recurrence:
    """A recurrence rule that begins at a time on a clock."""

    rule: RecurrenceRule
    begins: datetime

    @property
    def follows_clock(self) -> bool:
        """Tell whether it recurs through the hours of a day."""
        return self.rule.recurs_within_days

    @property
    def is_ever_due(self) -> bool:
        """Tell whether there is any time for it."""
        return next(self.local_times(), None) is not None

    @property
    def last(self) -> datetime | None:
        """The time with which its count is reached, if it has a count."""
        return _last(self) if self.rule.count else None

    def local_times(self) -> Iterator[datetime]:
        """Yield the times on the clock, from the first on, whatever its count."""
        first = self.begins.date()
        for day in self.days(first):
            start = self._begins_at if day == first else 0
            for second in self.seconds(day, start, DAY):
                yield datetime.combine(day, time()) + timedelta(seconds=second)

    def days(self, first: date) -> Iterator[date]:
        """Yield the days on which it may be due, from this one on."""
        start = max(first, self.begins.date())
        if not self._has_times:
            return
        if self.rule.counts_days:
            yield from self._single_days(start)
            return
        for period in self._periods(start):
            found = [day for day in period if self._rule.has(day)]
            for day in _at_positions(found, self.rule.by_set_pos):
                if day >= start:
                    yield day

    def _single_days(self, start: date) -> Iterator[date]:
        """Look at one day after the other; there may be many before one will do."""
        interval = 1 if self.rule.recurs_within_days else self.rule.interval
        days = _from(range(self.begins.toordinal(), _END, interval), start.toordinal())
        number = days.start
        while number < _END:
            day = date.fromordinal(number)
            if self._rule.by_month and day.month not in self._rule.by_month:
                later = (day.replace(day=28) + 4 * _DAY).replace(day=1)
                number += -(-(later - day).days // interval) * interval
                continue
            if self._rule.has(day):
                yield day
            number += interval

    def seconds(self, day: date, start: int, stop: int) -> Iterator[int]:
        """Yield the seconds of the day at which it is due."""
        if self.rule.recurs_within_days:
            return self._recurring_seconds(day, start, stop)
        seconds = self._seconds_of_day
        return iter(seconds[bisect_left(seconds, start) : bisect_left(seconds, stop)])

    @cached_property
    def _rule(self) -> RecurrenceRule:
        return self.rule.begun(self.begins)

    @property
    def _begins_at(self) -> int:
        midnight = datetime.combine(self.begins.date(), time())
        return (self.begins - midnight) // _SECOND

    def _periods(self, start: date) -> Iterator[Sequence[date]]:
        """Yield what the interval counts, from where the day is on, as lists of days."""
        begins, interval = self.begins.date(), self.rule.interval
        if self.rule.freq is Frequency.YEARLY:
            years = range(begins.year, LAST_YEAR + 1, interval)
            for year in _from(years, start.year):
                yield _days_from(date(year, 1, 1), length_of_year(year))
        elif self.rule.freq is Frequency.MONTHLY:
            months = range(_month(begins), (LAST_YEAR + 1) * _YEAR, interval)
            for month in _from(months, _month(start)):
                day = date(month // _YEAR, month % _YEAR + 1, 1)
                yield _days_from(day, monthrange(day.year, day.month)[1])
        else:
            yield from self._weeks(begins, start)

    def _weeks(self, begins: date, start: date) -> Iterator[Sequence[date]]:
        first = begins - _DAY * ((begins.weekday() - self.rule.week_start) % _WEEK)
        firsts = range(first.toordinal(), _END, self.rule.interval * _WEEK)
        for number in _from(firsts, start.toordinal() - _WEEK + 1):
            yield _days_from(date.fromordinal(number), _WEEK)

    @cached_property
    def _seconds_of_day(self) -> tuple[int, ...]:
        rule, begins = self.rule, self.begins
        return tuple(
            sorted(
                hour * 3600 + minute * 60 + second
                for hour in rule.by_hour or (begins.hour,)
                for minute in rule.by_minute or (begins.minute,)
                for second in rule.by_second or (begins.second,)
            )
        )

    @cached_property
    def _has_times(self) -> bool:
        """Tell whether the interval ever meets the hours, minutes and seconds."""
        if not self.rule.recurs_within_days:
            return True
        step = gcd(self._step, DAY)
        return any(map(self._is_wanted, range(self._first_unit % step, DAY, step)))

    @property
    def _unit(self) -> int:
        return SPANS[self.rule.freq]

    @property
    def _step(self) -> int:
        return self.rule.interval * self._unit

    @property
    def _first_unit(self) -> int:
        return self._begins_at // self._unit * self._unit

    @cached_property
    def _within_unit(self) -> tuple[int, ...]:
        """The seconds of an hour or minute at which it is due."""
        rule, minutes, seconds = self.rule, {0}, {0}
        if rule.freq is Frequency.HOURLY:
            minutes = set(rule.by_minute) or {self.begins.minute}
        if rule.freq is not Frequency.SECONDLY:
            seconds = set(rule.by_second) or {self.begins.second}
        return tuple(sorted(60 * m + s for m in minutes for s in seconds))

    def _recurring_seconds(self, day: date, start: int, stop: int) -> Iterator[int]:
        """Walk the interval through the day."""
        passed = (day - self.begins.date()).days * DAY - self._first_unit
        first = max(start // self._unit * self._unit, -passed)
        first += -(passed + first) % self._step
        for unit in filter(self._is_wanted, range(first, stop, self._step)):
            for second in self._within_unit:
                if start <= unit + second < stop:
                    yield unit + second

    def _is_wanted(self, unit: int) -> bool:
        """Tell whether an hour, minute or second is one of those that are named."""
        rule = self.rule
        return (
            (not rule.by_hour or unit // 3600 in rule.by_hour)
            and (
                not rule.by_minute
                or rule.freq is Frequency.HOURLY
                or unit // 60 % 60 in rule.by_minute
            )
            and (
                not rule.by_second
                or rule.freq is not Frequency.SECONDLY
                or unit % 60 in rule.by_second
            )
        )


@lru_cache(maxsize=256)
def _last(recurrence: Recurrence) -> datetime | None:
    count = recurrence.rule.count or 0
    return next(islice(recurrence.local_times(), count - 1, count), None)


def _at_positions(days: Sequence[date], positions: frozenset[int]) -> Sequence[date]:
    if not positions:
        return days
    count = len(days)
    return [
        day
        for n, day in enumerate(days, 1)
        if not positions.isdisjoint({n, n - count - 1})
    ]


def _from(numbers: range, first: int) -> range:
    """Return those of the ascending numbers that are not below the first."""
    passed = -((numbers.start - first) // numbers.step)
    return numbers[max(passed, 0) :]


def _days_from(first: date, count: int) -> list[date]:
    ordinal = first.toordinal()
    return [date.fromordinal(n) for n in range(ordinal, ordinal + count)]


def _month(day: date) -> int:
    return day.year * _YEAR + day.month - 1
