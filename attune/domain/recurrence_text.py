"""Read a recurrence rule: its parts by name, or one text as in RFC 5545."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from attune.domain.errors import InvalidInput
from attune.domain.json import Json
from attune.domain.recurrence_rule import Frequency, RecurrenceRule

LONGEST_TEXT: Final = 1_024
LARGEST_COUNT: Final = 10_000
LARGEST_INTERVAL: Final = 31_536_000
MOST_TIMES_A_DAY: Final = 1_440

_DAYS_OF: Final = {Frequency.WEEKLY: 7, Frequency.MONTHLY: 31}
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)\Z", re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?\d{1,9}\Z", re.ASCII)
_STAMP: Final = re.compile(
    r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?\Z", re.ASCII
)
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "by_month": (1, 12),
    "by_month_day": (-31, 31),
    "by_year_day": (-366, 366),
    "by_week_no": (-53, 53),
    "by_hour": (0, 23),
    "by_minute": (0, 59),
    "by_second": (0, 59),
    "by_set_pos": (-366, 366),
}
_SPELLINGS: Final[Mapping[str, str]] = {
    "FREQ": "freq",
    "INTERVAL": "interval",
    "COUNT": "count",
    "UNTIL": "until",
    "WKST": "week_start",
    "BYDAY": "by_day",
    **{name.replace("_", "").upper(): name for name in _RANGES},
}
_LISTS: Final = frozenset({"by_day", *_RANGES})
PARTS: Final = frozenset(_SPELLINGS.values())


def split_rule(text: str) -> dict[str, Json]:
    """Return the parts that the text of a rule names, `dtstart` and `timezone` too."""
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(f"rule: has at most {LONGEST_TEXT} characters")
    parts: dict[str, Json] = {}
    for line in text.upper().split():
        name, colon, value = line.rpartition(":")
        if name.startswith("DTSTART"):
            parts |= _split_start(text, name, value)
        elif name in ("RRULE", "") and (name or not colon):
            parts |= _split_parts(value)
        else:
            raise InvalidInput(f"rule: '{name[:32]}' is not supported, only RRULE is")
    return parts


def _split_start(text: str, name: str, value: str) -> dict[str, Json]:
    parts: dict[str, Json] = {"dtstart": iso_moment(value, "rule: DTSTART")}
    _, has_zone, zone = name.partition(";TZID=")
    if has_zone:
        # Names of zones are the one thing in which letters matter.
        at = text.upper().index(zone)
        parts["timezone"] = text[at : at + len(zone)]
    return parts


def _split_parts(text: str) -> dict[str, Json]:
    parts: dict[str, Json] = {}
    for part in text.strip(";").split(";"):
        spelling, _, value = part.partition("=")
        name = _SPELLINGS.get(spelling)
        if name is None or not value:
            raise InvalidInput(
                f"rule: '{part[:32]}' is not understood; a rule reads like"
                " FREQ=WEEKLY;BYDAY=MO,FR"
            )
        if name in parts:
            raise InvalidInput(f"rule: {spelling} is there twice")
        parts[name] = list[Json](value.split(",")) if name in _LISTS else value
    if isinstance(until := parts.get("until"), str):
        parts["until"] = iso_moment(until, "rule: UNTIL")
    return parts


def iso_moment(text: str, place: str) -> str:
    """Return the moment of RFC 5545, `20300101T090000Z`, as ISO 8601 has it."""
    found = _STAMP.match(text)
    if found is None:
        raise InvalidInput(f"{place} reads like 20300101T090000Z, not '{text[:32]}'")
    year, month, day, *clock, zone = found.groups()
    hour, minute, second = (part or "00" for part in clock)
    suffix = "+00:00" if zone else ""
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}{suffix}"


def read_rule(parts: Mapping[str, Json]) -> tuple[RecurrenceRule | None, list[str]]:
    """Return the rule, or everything that is wrong with its parts."""
    problems: list[str] = []

    def read(name: str, convert: Callable[[Json], Any], missing: Any) -> Any:
        value = parts.get(name)
        if value is None or value == []:
            return missing
        try:
            return convert(value)
        except InvalidInput as wrong:
            problems.append(f"{name}: {wrong.message}")
            return missing

    rule = RecurrenceRule(
        freq=read("freq", _frequency, None) or Frequency.DAILY,
        interval=read("interval", _up_to(LARGEST_INTERVAL), 1),
        count=read("count", _up_to(LARGEST_COUNT), None),
        by_day=read("by_day", _weekdays, frozenset()),
        week_start=read("week_start", _week_start, 0),
        **{
            name: read(name, _numbers(low, high), frozenset())
            for name, (low, high) in _RANGES.items()
        },
    )
    if parts.get("freq") is None:
        problems.append(f"freq: is required, one of {', '.join(Frequency)}")
    problems += [] if problems else _contradictions(rule)
    return (None if problems else rule), problems


def _contradictions(rule: RecurrenceRule) -> list[str]:
    """Return what each part allows and all of them together do not."""
    times = [len(part) for part in (rule.by_hour, rule.by_minute, rule.by_second)]
    count = max(times[0], 1) * max(times[1], 1) * max(times[2], 1)
    is_numbered = any(number for _, number in rule.by_day)
    may_number = rule.freq in (Frequency.MONTHLY, Frequency.YEARLY)
    found = {
        "by_set_pos: with several times a day is not supported": (
            rule.by_set_pos and (rule.recurs_within_days or count > 1)
        ),
        "by_set_pos: so many days there never are": (
            any(
                abs(n) > _DAYS_OF.get(rule.freq, LARGEST_COUNT) for n in rule.by_set_pos
            )
        ),
        "by_set_pos: needs freq WEEKLY, MONTHLY or YEARLY": (
            rule.by_set_pos and rule.freq is Frequency.DAILY
        ),
        f"by_hour, by_minute, by_second: at most {MOST_TIMES_A_DAY} times a day": (
            not rule.recurs_within_days and count > MOST_TIMES_A_DAY
        ),
        "by_day: a number before a day needs freq MONTHLY or YEARLY": (
            is_numbered and not may_number
        ),
        "by_week_no: needs freq YEARLY": (
            rule.by_week_no and rule.freq is not Frequency.YEARLY
        ),
    }
    return [text for text, is_there in found.items() if is_there]


def _frequency(value: Json) -> Frequency:
    text = str(value).upper()
    if text not in Frequency.__members__:
        raise InvalidInput(f"must be one of {', '.join(Frequency)}")
    return Frequency(text)


def _up_to(largest: int) -> Callable[[Json], int]:
    def read(value: Json) -> int:
        number = _integer(value)
        if not 1 <= number <= largest:
            raise InvalidInput(f"must be between 1 and {largest}")
        return number

    return read


def _numbers(low: int, high: int) -> Callable[[Json], frozenset[int]]:
    def read(value: Json) -> frozenset[int]:
        numbers = {_integer(each) for each in _listed(value)}
        wrong = [n for n in numbers if not low <= n <= high or (low < 0 and n == 0)]
        if wrong:
            but = ", and not 0" if low < 0 else ""
            raise InvalidInput(f"{wrong[0]} is not between {low} and {high}{but}")
        return frozenset(numbers)

    return read


def _weekdays(value: Json) -> frozenset[tuple[int, int]]:
    days = []
    for each in _listed(value):
        found = _DAY.match(str(each).upper())
        if found is None or int(found[1] or 1) == 0:
            raise InvalidInput(f"'{str(each)[:16]}' is no day; write MO, or 2TU, -1FR")
        days.append((_DAYS.index(found[2]), int(found[1] or 0)))
    return frozenset(days)


def _week_start(value: Json) -> int:
    text = str(value).upper()
    if text not in _DAYS:
        raise InvalidInput(f"must be one of {', '.join(_DAYS)}")
    return _DAYS.index(text)


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _integer(value: Json) -> int:
    if isinstance(value, str) and _INTEGER.match(value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(f"'{str(value)[:16]}' is no whole number")
    return value
