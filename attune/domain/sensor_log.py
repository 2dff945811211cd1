"""The log of a sensor: segments of bounded size, of which the last few are kept."""

from datetime import timedelta
from typing import Final

from attune.domain.artifact import RetentionPolicyType

SEGMENT_BYTES: Final = 10 * 1024 * 1024
KEPT_SEGMENTS: Final = 4

_UNITS: Final = {
    RetentionPolicyType.DAYS: timedelta(days=1),
    RetentionPolicyType.HOURS: timedelta(hours=1),
    RetentionPolicyType.MINUTES: timedelta(minutes=1),
}


def log_artifact_ref(sensor_ref: str, stream: str) -> str:
    """Return the ref of the artifact that holds a stream (contract, h)."""
    return f"sensor.{sensor_ref}.{stream}"


def kept_segments(policy: RetentionPolicyType | None, limit: int | None) -> int | None:
    """Return how many segments are kept; None when their age decides."""
    if policy is None or limit is None:
        return KEPT_SEGMENTS
    return limit if policy is RetentionPolicyType.VERSIONS else None


def kept_for(policy: RetentionPolicyType | None, limit: int | None) -> timedelta | None:
    """Return how long a segment is kept; None when their number decides."""
    unit = _UNITS.get(policy) if policy is not None else None
    return None if unit is None or limit is None else unit * limit


def last_lines(content: bytes, count: int) -> bytes:
    """Return the last so many lines; an unfinished one counts."""
    lines = content.splitlines(keepends=True)
    return b"".join(lines[-count:]) if count > 0 else b""
