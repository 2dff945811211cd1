"""Comparisons of how long ago something was when the event came.

The event's own time is the clock, so that the same event always has the same answer.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from attune.domain.condition_asking import Asking, Test
from attune.domain.duration import parse_seconds
from attune.domain.errors import InvalidInput
from attune.domain.expression_operator import Number, is_number
from attune.domain.expression_value import type_name
from attune.domain.json import Json

_LATEST: Final = 253_402_300_799
"""Seconds at the end of the year 9999."""
_DATE_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.([0-9]{1,12}))?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?)?",
    re.ASCII,
)


def time_since_less(wanted: Json) -> Test:
    """Hold while less time has passed; what is still to come counts as less."""
    return _time_since(wanted, lambda passed, seconds: passed < seconds)


def time_since_greater(wanted: Json) -> Test:
    """Hold when more time has passed."""
    return _time_since(wanted, lambda passed, seconds: passed > seconds)


def _time_since(wanted: Json, holds: Callable[[float, float], bool]) -> Test:
    seconds = parse_seconds(wanted)

    def test(actual: Json, asking: Asking) -> bool:
        if actual is None:
            return False
        passed = asking.moment() - _moment(actual)
        return holds(passed.total_seconds(), seconds)

    return test


def _moment(value: Json) -> datetime:
    """Return the time that a time stamp means; without a zone it is UTC."""
    if is_number(value):
        return _of_number(value)
    if not isinstance(value, str):
        raise InvalidInput(f"needs a time stamp, not {type_name(value)}")
    found = _DATE_TIME.fullmatch(value.strip()) if len(value) < 64 else None  # noqa: PLR2004 - longer than any
    if found is None:
        raise _not_a_time_stamp()
    day, clock, fraction, zone = found.groups()
    text = f"{day}T{clock or '00:00'}"
    if fraction:
        text += f".{fraction[:6]:0<6}"
    try:
        return datetime.fromisoformat(text + (zone or "Z").upper())
    except ValueError:
        raise _not_a_time_stamp() from None


def _of_number(value: Number) -> datetime:
    if not 0 <= value <= _LATEST:
        raise InvalidInput("needs a time stamp: as a number, seconds since 1970")
    return datetime.fromtimestamp(value, UTC)


def _not_a_time_stamp() -> InvalidInput:
    return InvalidInput(
        "needs a time stamp such as 2026-05-01T10:00:00Z, or seconds since 1970"
    )
