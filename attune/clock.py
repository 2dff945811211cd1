"""The only reader of the wall clock outside workflows."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present moment, with its zone."""
    return datetime.now(UTC)
