"""The formats that schemas may ask of a string; one that is not here asks nothing."""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from ipaddress import IPv4Address, IPv6Address
from typing import Final
from uuid import UUID

from attune.domain.errors import InvalidInput
from attune.domain.pattern import compile_pattern

_LONGEST: Final = 2_000
_DATE_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII
)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_TIME: Final = re.compile(r"\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)
_DURATION: Final = re.compile(
    r"P(?=.)(\d{1,9}W|(\d{1,9}Y)?(\d{1,9}M)?(\d{1,9}D)?"
    r"(T(?=\d)(\d{1,9}H)?(\d{1,9}M)?(\d{1,9}S)?)?)\Z",
    re.ASCII,
)
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}\Z")
_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)\Z")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:[^\s<>\"{}|\\^`]+\Z")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


def _is_date_time(text: str) -> bool:
    if _DATE_TIME.match(text) is None:
        return False
    # Python reads no more than six digits of a second's fraction.
    whole = re.sub(r"\.\d+", "", text.upper().replace("Z", "+00:00"))
    return datetime.fromisoformat(whole).tzinfo is not None


def _is_date(text: str) -> bool:
    return _DATE.match(text) is not None and bool(date.fromisoformat(text))


def _is_time(text: str) -> bool:
    if _TIME.match(text) is None:
        return False
    whole = re.sub(r"\.\d+", "", text.upper().replace("Z", "+00:00"))
    return time.fromisoformat(whole).tzinfo is not None


def _is_hostname(text: str) -> bool:
    return len(text) <= 253 and all(  # noqa: PLR2004 - RFC 1123
        _LABEL.match(label) for label in text.split(".")
    )


def _is_regex(text: str) -> bool:
    try:
        compile_pattern(text)
    except InvalidInput:
        return False
    return True


_FORMATS: Final[dict[str, Callable[[str], object]]] = {
    "date-time": _is_date_time,
    "date": _is_date,
    "time": _is_time,
    "duration": _DURATION.match,
    "email": _EMAIL.match,
    "hostname": _is_hostname,
    "ipv4": IPv4Address,
    "ipv6": IPv6Address,
    "uri": _URI.match,
    "uuid": lambda text: _UUID.match(text) and UUID(text),
    "regex": _is_regex,
}


def has_format(text: str, name: str) -> bool:
    """Tell whether the text has the format; every text has one that is unknown."""
    check = _FORMATS.get(name)
    if check is None:
        return True
    try:
        return len(text) <= _LONGEST and bool(check(text))
    except ValueError:
        return False
