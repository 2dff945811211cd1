"""Points in time as clients write them."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator


def _in_utc(moment: datetime) -> datetime:
    """Take a time without an offset as UTC."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is not a time that can be kept") from error


Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""A time with an offset, or in UTC."""
