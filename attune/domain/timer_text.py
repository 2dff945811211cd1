"""Read the `trigger_params` of a timer: what is wrong with them, each with its place."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from attune.domain.cron import LAST_YEAR
from attune.domain.cron_text import read_cron
from attune.domain.errors import InvalidInput
from attune.domain.json import Json, JsonObject
from attune.domain.local_time import read_moment, read_zone
from attune.domain.recurrence import Recurrence
from attune.domain.recurrence_text import PARTS, read_rule, split_rule
from attune.domain.timer import (
    TIMER_TRIGGERS,
    CronTimes,
    Interval,
    Misfire,
    OneMoment,
    RecurrenceTimes,
    Timer,
    TimerKind,
    TimerTimes,
)

DEFAULT_INTERVAL: Final = 60
LONGEST_INTERVAL: Final = timedelta(days=3660)
FIRST_YEAR: Final = 2000
DEFAULT_LIMIT: Final = 1_000
LARGEST_LIMIT: Final = 10_000

_UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
_MOMENT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d)?)(\.\d{1,9})?)?"
    r"([Zz]|[+-]\d\d:?\d\d)?\Z",
    re.ASCII,
)
_DEFAULTS: Final = {TimerKind.INTERVAL: Misfire.ONCE}
"""An interval says to go on; a date, however it is written, names a moment."""

T = TypeVar("T")


@dataclass
class _Parameters:
    """Reads one parameter after the other and remembers what is wrong."""

    given: JsonObject
    problems: list[str] = field(default_factory=list)

    def read(self, name: str, convert: Callable[[Json], T], missing: T) -> T:
        value = self.given.get(name)
        if value is None:
            return missing
        try:
            return convert(value)
        except InvalidInput as wrong:
            self.problems.append(f"trigger_params.{name}: {wrong.message}")
            return missing

    def need(self, name: str, convert: Callable[[Json], T]) -> T | None:
        if self.given.get(name) is None:
            self.problems.append(f"trigger_params.{name}: is required")
            return None
        return self.read(name, convert, None)


def read_timer(trigger_ref: str, params: JsonObject) -> Timer:
    """Return the timer; raises InvalidInput with every problem."""
    timer = _read(trigger_ref, json.dumps(params, sort_keys=True))
    if isinstance(timer, Timer):
        return timer
    raise InvalidInput("The timer is not valid", problems=timer)


def timer_problems(trigger_ref: str, params: JsonObject) -> list[str]:
    """Return what is wrong with the parameters of a timer, nothing for other triggers."""
    if trigger_ref not in TIMER_TRIGGERS:
        return []
    try:
        read_timer(trigger_ref, params)
    except InvalidInput as wrong:
        return wrong.problems
    return []


@lru_cache(maxsize=2048)
def _read(trigger_ref: str, params: str) -> Timer | list[str]:
    kind = TIMER_TRIGGERS[trigger_ref]
    parameters = _Parameters(json.loads(params))
    times = _READERS[kind](parameters)
    misfire = parameters.read("misfire", _misfire, _DEFAULTS.get(kind, Misfire.ALL))
    limit = parameters.read("misfire_limit", _limit, DEFAULT_LIMIT)
    if parameters.problems or times is None:
        return parameters.problems
    return Timer(kind=kind, times=times, misfire=misfire, misfire_limit=limit)


def _interval(parameters: _Parameters) -> TimerTimes | None:
    count = parameters.read("interval", _whole, DEFAULT_INTERVAL)
    unit = parameters.read("unit", _unit, 1)
    if parameters.problems:
        return None
    longest = LONGEST_INTERVAL // timedelta(seconds=unit)
    if not 1 <= count <= longest:
        parameters.problems.append(
            f"trigger_params.interval: must be between 1 and {longest}, in this unit"
        )
        return None
    return Interval(every=timedelta(seconds=count * unit))


def _cron(parameters: _Parameters) -> TimerTimes | None:
    cron = parameters.need("expression", lambda value: read_cron(_text(value)))
    zone = parameters.read("timezone", _zone, read_zone("UTC"))
    return None if cron is None else CronTimes(cron=cron, zone=zone)


def _one_moment(parameters: _Parameters) -> TimerTimes | None:
    zone = parameters.read("timezone", _zone, read_zone("UTC"))
    fire_at = parameters.need("fire_at", lambda value: _moment(value, zone))
    return None if fire_at is None else OneMoment(fire_at=fire_at, zone=zone)


def _recurrence(parameters: _Parameters) -> TimerTimes | None:
    parts = dict(parameters.given)
    if parts.get("rule") is not None:
        named = sorted(name for name in PARTS if parts.get(name) not in (None, []))
        if named:
            parameters.problems.append(
                f"trigger_params.rule: is the whole rule; leave out {', '.join(named)}"
            )
        parts |= parameters.read(
            "rule", lambda value: split_rule(_text(value)), dict[str, Json]()
        )
        if parameters.problems:
            return None
    whole = _Parameters(parts, parameters.problems)
    return _whole_recurrence(whole)


def _whole_recurrence(parameters: _Parameters) -> TimerTimes | None:
    zone = parameters.read("timezone", _zone, read_zone("UTC"))
    rule, wrong = read_rule(parameters.given)
    parameters.problems += [f"trigger_params.{problem}" for problem in wrong]
    begins = parameters.read("dtstart", lambda value: _clock(value, zone), None)
    until = parameters.read("until", lambda value: _moment(value, zone), None)
    if rule is None or parameters.problems:
        return None
    if rule.count is not None and until is not None:
        parameters.problems.append("trigger_params.until: count excludes it")
    example = begins or datetime(FIRST_YEAR, 1, 1)  # noqa: DTZ001 - on a clock
    if not Recurrence(rule, example).is_ever_due:
        parameters.problems.append("trigger_params: the rule is never due")
    return RecurrenceTimes(rule=rule, begins=begins, until=until, zone=zone)


_READERS: Final[dict[TimerKind, Callable[[_Parameters], TimerTimes | None]]] = {
    TimerKind.INTERVAL: _interval,
    TimerKind.CRON: _cron,
    TimerKind.ONE_SHOT: _one_moment,
    TimerKind.RRULE: _recurrence,
}


def _moment(value: Json, zone: ZoneInfo) -> datetime:
    """Return the moment; one without an offset is on the clock of the zone."""
    read = _read_iso(value)
    return read.astimezone(UTC) if read.tzinfo else read_moment(read, zone)


def _clock(value: Json, zone: ZoneInfo) -> datetime:
    """Return the time on the clock of the zone, in whole seconds."""
    read = _read_iso(value)
    local = read.astimezone(zone).replace(tzinfo=None) if read.tzinfo else read
    return local.replace(microsecond=0)


def _read_iso(value: Json) -> datetime:
    text = _text(value).strip()
    found = _MOMENT.match(text)
    if found is None:
        raise InvalidInput(
            f"'{text[:32]}' is no date and time; one is 2030-01-01T09:00:00Z"
        )
    day, clock, fraction, offset = found.groups()
    iso = f"{day}T{clock or '00:00'}{(fraction or '')[:7]}{(offset or '').upper()}"
    try:
        read = datetime.fromisoformat(iso)
    except ValueError as wrong:
        raise InvalidInput(f"'{text[:32]}' does not exist: {wrong}") from None
    if not FIRST_YEAR <= read.year < LAST_YEAR:
        raise InvalidInput(f"must be from {FIRST_YEAR} to {LAST_YEAR - 1}")
    return read


def _zone(value: Json) -> ZoneInfo:
    return read_zone(_text(value))


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise InvalidInput("must be a text")
    return value


def _whole(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput("must be a whole number")
    return value


def _unit(value: Json) -> int:
    unit = _UNITS.get(value) if isinstance(value, str) else None
    if unit is None:
        raise InvalidInput(f"must be one of {', '.join(_UNITS)}")
    return unit


def _misfire(value: Json) -> Misfire:
    if value not in tuple(Misfire):
        raise InvalidInput(f"must be one of {', '.join(Misfire)}")
    return Misfire(value)


def _limit(value: Json) -> int:
    limit: Any = _whole(value)
    if not 1 <= limit <= LARGEST_LIMIT:
        raise InvalidInput(f"must be between 1 and {LARGEST_LIMIT}")
    return int(limit)
