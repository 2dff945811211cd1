"""What Temporal wakes a timer by: one of its Schedules, or a run that sleeps.

A Schedule does well what is the same everywhere on earth. On a clock that is put
forward and back it leaves out the hour that comes twice and the time that does not
come (measured with server 1.32), and it knows no last day of a month.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from attune.domain.cron import Cron
from attune.domain.timer import CronTimes, Interval, OneMoment, Timer

_SAME_EVERYWHERE: Final = frozenset(
    {"UTC", "Etc/UTC", "Zulu", "Etc/Zulu", "UCT", "Etc/UCT", "GMT", "Etc/GMT"}
)
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_ALL_DAYS: Final = range(1, 32)
_ALL_WEEKDAYS: Final = range(7)

Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class EveryAlarm:
    """At every multiple of a time, moved by an offset."""

    every: timedelta
    offset: timedelta


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Times in UTC at which each field is within one of its spans."""

    seconds: Sequence[Span]
    minutes: Sequence[Span]
    hours: Sequence[Span]
    days_of_month: Sequence[Span]
    months: Sequence[Span]
    days_of_week: Sequence[Span]
    years: Sequence[Span] = ()


@dataclass(frozen=True)
class CalendarAlarm:
    """At the times of any of the calendars."""

    calendars: Sequence[Calendar]


@dataclass(frozen=True)
class SleepAlarm:
    """A run sleeps until the timer is due, again and again."""


Alarm: TypeAlias = EveryAlarm | CalendarAlarm | SleepAlarm


def alarm_of(timer: Timer, anchor: datetime) -> Alarm:
    """Return what the timer is to be woken by."""
    match timer.times:
        case Interval(every=every):
            return EveryAlarm(every, (anchor - _EPOCH) % every)
        case OneMoment(fire_at=fire_at) if fire_at.microsecond == 0:
            return CalendarAlarm([_moment(fire_at)])
        case CronTimes(cron=cron, zone=zone) if zone.key in _SAME_EVERYWHERE:
            return CalendarAlarm(_calendars(cron)) if _is_plain(cron) else SleepAlarm()
        case _:
            return SleepAlarm()


def _is_plain(cron: Cron) -> bool:
    days, weekdays = cron.days_of_month, cron.days_of_week
    return not (days.before_last or weekdays.numbered or weekdays.last)


def _calendars(cron: Cron) -> list[Calendar]:
    days, weekdays = cron.days_of_month.days, cron.days_of_week.days
    if cron.either_day:
        return [
            _calendar(cron, days, _ALL_WEEKDAYS),
            _calendar(cron, _ALL_DAYS, weekdays),
        ]
    return [_calendar(cron, days, weekdays)]


def _calendar(cron: Cron, days: Collection[int], weekdays: Collection[int]) -> Calendar:
    return Calendar(
        seconds=_spans(cron.seconds_of_minute),
        minutes=_spans(cron.minutes),
        hours=_spans(cron.hours),
        days_of_month=_spans(days),
        months=_spans(cron.months),
        days_of_week=_spans(weekdays),
    )


def _moment(moment: datetime) -> Calendar:
    def only(number: int) -> list[Span]:
        return [(number, number)]

    return Calendar(
        seconds=only(moment.second),
        minutes=only(moment.minute),
        hours=only(moment.hour),
        days_of_month=only(moment.day),
        months=only(moment.month),
        days_of_week=_spans(_ALL_WEEKDAYS),
        years=only(moment.year),
    )


def _spans(numbers: Collection[int]) -> list[Span]:
    spans: list[Span] = []
    for number in sorted(numbers):
        if spans and spans[-1][1] == number - 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return spans
