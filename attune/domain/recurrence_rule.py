"""What a recurrence rule (RFC 5545) says, and the days that it names."""

from calendar import isleap, monthrange
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final

_DAY: Final = timedelta(days=1)
_WEEK: Final = 7
_MOST_WEEKS: Final = 53


class Frequency(StrEnum):
    """What an interval of a recurrence counts."""

    SECONDLY = "SECONDLY"
    MINUTELY = "MINUTELY"
    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


SPANS: Final = {Frequency.SECONDLY: 1, Frequency.MINUTELY: 60, Frequency.HOURLY: 3600}


@dataclass(frozen=True, kw_only=True)
class RecurrenceRule:
    """The parts of a recurrence rule; an empty one restricts nothing."""

    freq: Frequency
    interval: int = 1
    count: int | None = None
    by_month: frozenset[int] = frozenset()
    by_month_day: frozenset[int] = frozenset()
    by_year_day: frozenset[int] = frozenset()
    by_week_no: frozenset[int] = frozenset()
    by_day: frozenset[tuple[int, int]] = frozenset()
    """Weekdays from 0, Monday, each with its number in the month or year, or 0."""
    by_hour: frozenset[int] = frozenset()
    by_minute: frozenset[int] = frozenset()
    by_second: frozenset[int] = frozenset()
    by_set_pos: frozenset[int] = frozenset()
    week_start: int = 0

    @cached_property
    def _is_numbered(self) -> bool:
        return any(number for _, number in self.by_day)

    @property
    def recurs_within_days(self) -> bool:
        """Tell whether its interval counts hours or less."""
        return self.freq in SPANS

    @property
    def counts_days(self) -> bool:
        """Tell whether it looks at days one by one, not at months for example."""
        return self.recurs_within_days or self.freq is Frequency.DAILY

    def begun(self, begins: datetime) -> "RecurrenceRule":
        """Return the rule with what it leaves open taken from its first time."""
        named = self.by_month_day or self.by_year_day or self.by_week_no or self.by_day
        if named or self.freq is Frequency.DAILY or self.recurs_within_days:
            return self
        if self.freq is Frequency.WEEKLY:
            return replace(self, by_day=frozenset({(begins.weekday(), 0)}))
        day = frozenset({begins.day})
        if self.freq is Frequency.MONTHLY or self.by_month:
            return replace(self, by_month_day=day)
        return replace(self, by_month=frozenset({begins.month}), by_month_day=day)

    def has(self, day: date) -> bool:
        """Tell whether the day is one of those that its parts name."""
        return (
            (not self.by_month or day.month in self.by_month)
            and (not self.by_month_day or self._has_month_day(day))
            and (not self.by_day or self._has_weekday(day))
            and (not self.by_year_day or self._has_year_day(day))
            and (not self.by_week_no or self._has_week(day))
        )

    def _has_month_day(self, day: date) -> bool:
        length = monthrange(day.year, day.month)[1]
        return not self.by_month_day.isdisjoint({day.day, day.day - length - 1})

    def _has_year_day(self, day: date) -> bool:
        number = _day_of_year(day)
        backwards = number - length_of_year(day.year) - 1
        return not self.by_year_day.isdisjoint({number, backwards})

    def _has_weekday(self, day: date) -> bool:
        weekday = day.weekday()
        if (weekday, 0) in self.by_day or not self._is_numbered:
            return (weekday, 0) in self.by_day
        in_month = self.freq is Frequency.MONTHLY or self.by_month
        number = day.day if in_month else _day_of_year(day)
        length = monthrange(day.year, day.month)[1] if in_month else 0
        left = (length or length_of_year(day.year)) - number
        numbers = {(weekday, (number + 6) // _WEEK), (weekday, -1 - left // _WEEK)}
        return not self.by_day.isdisjoint(numbers)

    def _has_week(self, day: date) -> bool:
        middle = day - _DAY * ((day.weekday() - self.week_start) % _WEEK - 3)
        number = (_day_of_year(middle) + 6) // _WEEK
        is_long = (middle + _DAY * _WEEK * (_MOST_WEEKS - number)).year == middle.year
        count = _MOST_WEEKS if is_long else _MOST_WEEKS - 1
        return not self.by_week_no.isdisjoint({number, number - count - 1})


def _day_of_year(day: date) -> int:
    return day.toordinal() - date(day.year, 1, 1).toordinal() + 1


def length_of_year(year: int) -> int:
    """Return how many days the year has."""
    return 365 + isleap(year)
