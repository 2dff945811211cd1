"""Read a cron expression: five fields, or six with the seconds first."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from attune.domain.cron import Cron, DaysOfMonth, DaysOfWeek
from attune.domain.errors import InvalidInput

LONGEST_TEXT: Final = 255
_NICKNAMES: Final = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_MONTHS: Final = [
    "JAN",
    "FEB",
    "MAR",
    "APR",
    "MAY",
    "JUN",
    "JUL",
    "AUG",
    "SEP",
    "OCT",
    "NOV",
    "DEC",
]
_WEEKDAYS: Final = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_RANGE: Final = re.compile(
    r"(?P<all>[*?])(/(?P<every>\d{1,3}))?\Z"
    r"|(?P<first>\w{1,3})(-(?P<last>\w{1,3}))?(/(?P<step>\d{1,3}))?\Z",
    re.ASCII,
)
_LAST_DAY: Final = re.compile(r"L(-(\d{1,2}))?\Z", re.ASCII)
_LAST_WEEKDAY: Final = re.compile(r"(\w{1,3})L\Z", re.ASCII)
_NUMBERED_WEEKDAY: Final = re.compile(r"(\w{1,3})#([1-5])\Z", re.ASCII)
_FARTHEST_FROM_LAST: Final = 30
_WITH_SECONDS: Final = 6


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    names: Mapping[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many there are; Sunday has two numbers."""
        return self.high - self.low + 1 - (self.name == _WEEKDAY_NAME)


_WEEKDAY_NAME: Final = "days of the week"
_SECOND: Final = _Field("seconds", 0, 59)
_MINUTE: Final = _Field("minutes", 0, 59)
_HOUR: Final = _Field("hours", 0, 23)
_DAY: Final = _Field("days of the month", 1, 31)
_MONTH: Final = _Field("months", 1, 12, {name: n for n, name in enumerate(_MONTHS, 1)})
_WEEKDAY: Final = _Field(
    _WEEKDAY_NAME, 0, 7, {name: n for n, name in enumerate(_WEEKDAYS)}
)


@lru_cache(maxsize=1024)
def read_cron(text: str) -> Cron:
    """Return the expression; raises InvalidInput where it cannot be meant."""
    fields = _split(text)
    second, minute, hour, day, month, weekday = fields
    cron = Cron(
        text=text.strip(),
        seconds_of_minute=tuple(sorted(_numbers(second, _SECOND))),
        minutes=tuple(sorted(_numbers(minute, _MINUTE))),
        hours=tuple(sorted(_numbers(hour, _HOUR))),
        days_of_month=_days_of_month(day),
        months=_numbers(month, _MONTH),
        days_of_week=_days_of_week(weekday),
        either_day=not any(each[0] in "*?" for each in (day, weekday)),
    )
    if not cron.is_ever_due:
        raise InvalidInput(f"'{cron.text}' is never due: there is no such day")
    return cron


def _split(text: str) -> list[str]:
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(f"a cron expression has at most {LONGEST_TEXT} characters")
    fields = _NICKNAMES.get(text.strip().lower(), text).upper().split()
    if len(fields) == _WITH_SECONDS - 1:
        fields.insert(0, "0")
    if len(fields) != _WITH_SECONDS:
        raise InvalidInput(
            "a cron expression has five fields (minute, hour, day, month, weekday),"
            f" or six with the second before them; this one has {len(fields)}"
        )
    return fields


def _days_of_month(text: str) -> DaysOfMonth:
    plain, before_last = [], set()
    for part in text.split(","):
        if (last := _LAST_DAY.match(part)) is None:
            plain.append(part)
            continue
        before = int(last[2] or 0)
        if before > _FARTHEST_FROM_LAST:
            raise _wrong(_DAY, part, "no month has so many days")
        before_last.add(before)
    days = _numbers(",".join(plain), _DAY) if plain else frozenset[int]()
    return DaysOfMonth(days=days, before_last=frozenset(before_last))


def _days_of_week(text: str) -> DaysOfWeek:
    plain, numbered, last = [], set(), set()
    for part in text.split(","):
        if named := _NUMBERED_WEEKDAY.match(part):
            numbered.add((_number(named[1], _WEEKDAY, part) % 7, int(named[2])))
        elif named := _LAST_WEEKDAY.match(part):
            last.add(_number(named[1], _WEEKDAY, part) % 7)
        else:
            plain.append(part)
    return DaysOfWeek(
        days=_numbers(",".join(plain), _WEEKDAY) if plain else frozenset(),
        numbered=frozenset(numbered),
        last=frozenset(last),
    )


def _numbers(text: str, kind: _Field) -> frozenset[int]:
    return frozenset(
        number for part in text.split(",") for number in _range(part, kind)
    )


def _range(part: str, kind: _Field) -> Iterator[int]:
    found = _RANGE.match(part)
    if found is None:
        raise _wrong(kind, part, f"write *, a number, a range such as {_example(kind)}")
    if found["all"] == "?" and kind not in (_DAY, _WEEKDAY):
        raise _wrong(kind, part, "? is for days only; write *")
    step = int(found["every"] or found["step"] or 1)
    if not 1 <= step < kind.count:
        raise _wrong(kind, part, f"a step is between 1 and {kind.count - 1}")
    first, last = _ends(found, kind, part)
    # A range may pass the end: FRI-MON, or 22-2.
    span = last - first if last >= first else (last - first) % kind.count
    return (
        kind.low + (first - kind.low + n) % kind.count for n in range(0, span + 1, step)
    )


def _ends(found: re.Match[str], kind: _Field, part: str) -> tuple[int, int]:
    top = kind.low + kind.count - 1
    if found["all"]:
        return kind.low, top
    first = _number(found["first"], kind, part)
    if found["last"] is not None:
        return first, _number(found["last"], kind, part)
    return first, top if found["step"] else first


def _number(text: str, kind: _Field, part: str) -> int:
    named = kind.names.get(text)
    if named is not None:
        return named
    if not text.isdecimal() or not kind.low <= int(text) <= kind.high:
        raise _wrong(kind, part, f"they go from {kind.low} to {kind.high}")
    return int(text)


def _example(kind: _Field) -> str:
    return f"{kind.low}-{kind.low + 2}, a step such as */2, or a list of these"


def _wrong(kind: _Field, part: str, advice: str) -> InvalidInput:
    return InvalidInput(f"'{part[:32]}' in the {kind.name}: {advice}")
