"""How much of a sensor's log is kept."""

from datetime import timedelta

import pytest

from attune.domain.artifact import RetentionPolicyType as Policy
from attune.domain.sensor_log import kept_for, kept_segments, last_lines


@pytest.mark.parametrize(
    ("policy", "limit", "segments", "age"),
    [
        (None, None, 4, None),
        (Policy.VERSIONS, 2, 2, None),
        (Policy.VERSIONS, None, 4, None),
        (Policy.DAYS, 3, None, timedelta(days=3)),
        (Policy.HOURS, 3, None, timedelta(hours=3)),
        (Policy.MINUTES, 3, None, timedelta(minutes=3)),
    ],
)
def test_a_log_is_kept_by_number_or_by_age(
    policy: Policy | None,
    limit: int | None,
    segments: int | None,
    age: timedelta | None,
) -> None:
    assert kept_segments(policy, limit) == segments
    assert kept_for(policy, limit) == age


@pytest.mark.parametrize(
    ("content", "count", "lines"),
    [
        (b"a\nb\nc\n", 2, b"b\nc\n"),
        (b"a\nb\nc", 2, b"b\nc"),
        (b"a\n", 5, b"a\n"),
        (b"a\n", 0, b""),
        (b"", 3, b""),
    ],
)
def test_the_last_lines_are_found(content: bytes, count: int, lines: bytes) -> None:
    assert last_lines(content, count) == lines
