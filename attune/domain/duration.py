"""Spans of time as people write them: a number of seconds, or a text such as `1h30m`."""

import re
from math import isfinite
from typing import Final

from attune.domain.errors import InvalidInput
from attune.domain.json import Json

MAX_SECONDS: Final = 100 * 366 * 86_400
_SECONDS_OF: Final = {
    "ms": 0.001,
    "s": 1,
    "m": 60,
    "h": 3_600,
    "d": 86_400,
    "w": 604_800,
}
_TEXT: Final = re.compile(r"(?:[0-9]{1,12}(?:ms|[smhdw]))+", re.ASCII)
_PART: Final = re.compile(r"([0-9]+)(ms|[smhdw])", re.ASCII)
_MAX_TEXT: Final = 64


def parse_seconds(value: Json) -> float:
    """Return the seconds that the value means; raises InvalidInput with what is right."""
    seconds = _seconds(value)
    if seconds is None or not isfinite(seconds) or seconds < 0:
        raise InvalidInput(
            "must be a number of seconds, or a text such as 90s, 5m, 1h30m or 7d"
        )
    if seconds > MAX_SECONDS:
        raise InvalidInput("must be at most 100 years")
    return seconds


def _seconds(value: Json) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return float(min(value, MAX_SECONDS + 1))
    if isinstance(value, str):
        return _seconds_of_text(value.strip()[: _MAX_TEXT + 1])
    return value if isinstance(value, float) else None


def _seconds_of_text(text: str) -> float | None:
    if len(text) > _MAX_TEXT or not _TEXT.fullmatch(text):
        return None
    return float(sum(int(n) * _SECONDS_OF[unit] for n, unit in _PART.findall(text)))
