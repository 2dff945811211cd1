"""How long something is valid, as a person types it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from attune.cli.errors import usage_error
from attune.clock import utc_now

_SPAN: Final = re.compile(r"(\d+)\s*([smhdw])\Z")
_UNITS: Final = {
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
}


def moment(text: str) -> str:
    """Return the time that `90d`, a date or a time means."""
    span = _SPAN.match(text.strip())
    try:
        if span:
            ahead = timedelta(**{_UNITS[span[2]]: int(span[1])})
            until = utc_now() + ahead
        else:
            until = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise usage_error(
            f"--expires looks like 90d, 12h or 2030-01-31, not '{text}'"
        ) from None
    return until.replace(tzinfo=until.tzinfo or UTC).isoformat()
