"""When a cron expression is due."""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

LAST_YEAR: Final = 2100
"""Nothing is due after it, so that every search ends."""

HOURS_OF_DAY: Final = 24
_DAY: Final = timedelta(days=1)
_CYCLE_YEARS: Final = 28
_CYCLE_START: Final = 2000


@dataclass(frozen=True, kw_only=True)
class DaysOfMonth:
    """The field of the days of a month."""

    days: frozenset[int] = frozenset()
    before_last: frozenset[int] = frozenset()
    """`L` is 0 days before the last, `L-3` is 3."""

    def __contains__(self, day: date) -> bool:
        if day.day in self.days:
            return True
        last = monthrange(day.year, day.month)[1]
        return last - day.day in self.before_last


@dataclass(frozen=True, kw_only=True)
class DaysOfWeek:
    """The field of the days of a week; 0 is Sunday."""

    days: frozenset[int] = frozenset()
    numbered: frozenset[tuple[int, int]] = frozenset()
    """`MON#2`, the second Monday of a month, is (1, 2)."""
    last: frozenset[int] = frozenset()
    """`FRIL`, the last Friday of a month, is 5."""

    def __contains__(self, day: date) -> bool:
        weekday = day.isoweekday() % 7
        if weekday in self.days or (weekday, (day.day + 6) // 7) in self.numbered:
            return True
        is_last = day.day + 7 > monthrange(day.year, day.month)[1]
        return is_last and weekday in self.last


@dataclass(frozen=True, kw_only=True)
class Cron:
    """A cron expression, read."""

    text: str
    seconds_of_minute: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days_of_month: DaysOfMonth
    months: frozenset[int]
    days_of_week: DaysOfWeek
    either_day: bool
    """Both kinds of days are restricted: a day that is one of them will do."""

    @property
    def follows_clock(self) -> bool:
        """Tell whether it is due in every hour."""
        return len(self.hours) == HOURS_OF_DAY

    @property
    def is_ever_due(self) -> bool:
        """Tell whether there is a day for it, which 31 February is not."""
        for day in self.days(date(_CYCLE_START, 1, 1)):
            return day.year < _CYCLE_START + _CYCLE_YEARS
        return False

    def days(self, first: date) -> Iterator[date]:
        """Yield the days on which it is due, from this one on."""
        day = first
        while day.year <= LAST_YEAR:
            if day.month not in self.months:
                day = (day.replace(day=28) + 4 * _DAY).replace(day=1)
                continue
            if self._has(day):
                yield day
            day += _DAY

    def _has(self, day: date) -> bool:
        in_month, in_week = day in self.days_of_month, day in self.days_of_week
        return in_month or in_week if self.either_day else in_month and in_week

    def seconds(self, day: date, start: int, stop: int) -> Iterator[int]:
        """Yield the seconds of any day at which it is due."""
        del day
        for hour in self.hours[bisect_left(self.hours, start // 3600) :]:
            for second in self._seconds_of_hour(start - hour * 3600):
                if hour * 3600 + second >= stop:
                    return
                yield hour * 3600 + second

    def _seconds_of_hour(self, start: int) -> Iterator[int]:
        for minute in self.minutes[bisect_left(self.minutes, start // 60) :]:
            base = minute * 60
            first = bisect_left(self.seconds_of_minute, start - base)
            for second in self.seconds_of_minute[first:]:
                yield base + second
