"""Names of people and roles, and how long a failed login delays the next."""

import pytest

from attune.domain.errors import InvalidInput
from attune.domain.identity import canonical_role, login_delay_seconds


def test_a_few_typing_errors_cost_nothing() -> None:
    assert login_delay_seconds(3, free_attempts=3) == 0


def test_every_further_failure_doubles_the_delay_up_to_five_minutes() -> None:
    delays = [login_delay_seconds(count, free_attempts=3) for count in range(4, 20)]

    assert delays[:6] == [1, 2, 4, 8, 16, 32]
    assert delays[-1] == login_delay_seconds(10**9, free_attempts=0) == 300


def test_a_role_has_one_spelling() -> None:
    assert canonical_role(" on call ") == "on call"
    for role in ("", "  ", "a\nb", "a" * 256):
        with pytest.raises(InvalidInput):
            canonical_role(role)
