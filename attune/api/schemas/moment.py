"""Points in time as clients write them."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError


def _in_utc(moment: datetime) -> datetime:
    """Take a time without an offset as UTC."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is not a time that can be kept") from error


def _as_written(value: object) -> object:
    """Refuse a number, which could be seconds or milliseconds since anything."""
    text = isinstance(value, str) and not _NUMBER.fullmatch(value)
    if not (text or isinstance(value, datetime)):
        raise PydanticCustomError("moment", "Input should be a time, written as text")
    return value


_NUMBER: Final = re.compile(r"[-+]?[\d.]+")

Moment = Annotated[datetime, BeforeValidator(_as_written), AfterValidator(_in_utc)]
"""A time with an offset, or in UTC."""

AwareMoment = Annotated[
    AwareDatetime, BeforeValidator(_as_written), AfterValidator(_in_utc)
]
"""A time with an offset."""
