"""How often something may happen, as people write it: 100/hour, 5/30s."""

import re

from attune.cli.errors import usage_error

NONE = "none"

_RATE = re.compile(r"(\d+)\s*/\s*(\d*)\s*([a-z]*)\Z")
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


def parse_rate(text: str) -> tuple[int, int]:
    """Return how many in how many seconds."""
    found = _RATE.match(text.lower())
    seconds = _unit_seconds(found[3]) if found else None
    if not found or seconds is None:
        raise usage_error(f"--rate looks like 100/hour, 5/30s or none, not '{text}'")
    return int(found[1]), int(found[2] or 1) * seconds


def _unit_seconds(word: str) -> int | None:
    """Return the seconds of a unit by its name, its plural or its beginning."""
    stem = word.removesuffix("s") or word
    return next((n for unit, n in _UNITS.items() if unit.startswith(stem)), None)
