"""From times on the clock of a place to moments, where that clock is put forward and back.

As RFC 5545 has it: a time that the clock passes over is read as if it had not been put
forward (02:30 becomes 03:30), one that it shows twice is the first of the two. Times
that recur through all hours follow the clock instead: nothing at what it passes over,
and both of what it shows twice.
"""

import heapq
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Protocol
from zoneinfo import ZoneInfo, available_timezones

from attune.domain.errors import InvalidInput

DAY: Final = 86_400
_DAY: Final = timedelta(days=1)
_FARTHEST_OFFSET: Final = timedelta(hours=15)
_SAMPLE: Final = timedelta(hours=6)
_SECOND: Final = timedelta(seconds=1)


class LocalTimes(Protocol):
    """Times on a clock, day after day."""

    @property
    def follows_clock(self) -> bool:
        """Tell whether the times recur through all hours of a day."""

    def days(self, first: date) -> Iterator[date]:
        """Yield the days that have such times, from the first on; it ends some time."""

    def seconds(self, day: date, start: int, stop: int) -> Iterator[int]:
        """Yield the seconds of that day from start to before stop, ascending."""


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=1024)
def read_zone(name: str) -> ZoneInfo:
    """Return the time zone of this name, such as `Europe/Berlin`."""
    if name not in _zone_names():
        raise InvalidInput(
            f"'{name[:64]}' is no time zone; one is UTC, another Europe/Berlin"
        )
    return ZoneInfo(name)


def moments(times: LocalTimes, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield the moments of these times that come after this one, ascending."""
    last = after.astimezone(UTC)
    # A clock that is put back over midnight shows times of the day before again.
    first = (last.astimezone(zone) - _DAY).date()
    for day in times.days(first):
        for moment in _moments_of_day(times, zone, day, last):
            if moment > last:
                last = moment
                yield moment


def read_moment(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment when a clock there shows this time."""
    # `fold=0` is exactly the reading of RFC 5545.
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _moments_of_day(
    times: LocalTimes, zone: ZoneInfo, day: date, after: datetime
) -> Iterator[datetime]:
    midnight = datetime.combine(day, time(), UTC)
    pieces = _pieces(zone, day, follows_clock=times.follows_clock)
    return heapq.merge(
        *(_moments_of_piece(times, midnight, piece, after) for piece in pieces)
    )


def _moments_of_piece(
    times: LocalTimes,
    midnight: datetime,
    piece: tuple[int, int, timedelta],
    after: datetime,
) -> Iterator[datetime]:
    start, stop, offset = piece
    passed = (after + offset - midnight) // _SECOND + 1
    for second in times.seconds(midnight.date(), max(start, passed), stop):
        yield midnight + timedelta(seconds=second) - offset


@lru_cache(maxsize=4096)
def _pieces(
    zone: ZoneInfo, day: date, *, follows_clock: bool
) -> tuple[tuple[int, int, timedelta], ...]:
    """Split the seconds of a day by how far the clock is from UTC meanwhile."""
    midnight = datetime.combine(day, time(), UTC)
    offset = _offset(zone, midnight - _FARTHEST_OFFSET)
    pieces, start = [], 0
    for moment, later in _changes(zone, midnight):
        stops = (moment + offset - midnight) // _SECOND
        starts = (moment + later - midnight) // _SECOND
        if not follows_clock:
            stops = starts = max(stops, starts)
        pieces.append((start, min(stops, DAY), offset))
        start, offset = max(starts, 0), later
    pieces.append((start, DAY, offset))
    return tuple(piece for piece in pieces if piece[0] < piece[1])


def _changes(
    zone: ZoneInfo, midnight: datetime
) -> Iterator[tuple[datetime, timedelta]]:
    """Yield when the clock is put forward or back around a day, and to what offset."""
    moment = midnight - _FARTHEST_OFFSET
    end = midnight + _DAY + _FARTHEST_OFFSET
    while moment < end:
        later = moment + _SAMPLE
        if _offset(zone, moment) != _offset(zone, later):
            yield _change_between(zone, moment, later), _offset(zone, later)
        moment = later


def _change_between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old = _offset(zone, before)
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if _offset(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
