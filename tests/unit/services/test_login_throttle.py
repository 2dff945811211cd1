"""Failed logins slow down the next one."""

import pytest

from attune.domain.errors import RateLimited
from attune.services.login_throttle import REMEMBERED, LoginThrottle


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def delay(throttle: LoginThrottle, login: str = "ann", address: str = "a") -> int:
    try:
        throttle.check(login, address)
    except RateLimited as error:
        return error.retry_after_seconds
    return 0


def test_a_few_typing_errors_cost_nothing() -> None:
    throttle = LoginThrottle(3, clock=Clock())
    for _ in range(3):
        throttle.record_failure("ann", "a")

    assert delay(throttle) == 0


def test_every_further_failure_doubles_the_delay_up_to_five_minutes() -> None:
    throttle = LoginThrottle(3, clock=Clock())
    delays = []
    for _ in range(20):
        throttle.record_failure("ann", "a")
        delays.append(delay(throttle))

    assert delays[3:9] == [1, 2, 4, 8, 16, 32]
    assert delays[-1] == 300


def test_the_delay_ends() -> None:
    clock = Clock()
    throttle = LoginThrottle(0, clock=clock)
    throttle.record_failure("ann", "a")
    clock.now = 1.1

    assert delay(throttle) == 0


def test_failures_of_long_ago_are_forgotten() -> None:
    clock = Clock()
    throttle = LoginThrottle(1, 300, clock)
    throttle.record_failure("ann", "a")
    clock.now = 301
    throttle.record_failure("ann", "a")

    assert delay(throttle) == 0


def test_other_logins_and_other_addresses_are_not_slowed() -> None:
    throttle = LoginThrottle(0, clock=Clock())
    throttle.record_failure("ann", "a")

    assert delay(throttle, login="bob") == 0
    assert delay(throttle, address="b") == 0


def test_success_forgets_the_failures() -> None:
    throttle = LoginThrottle(0, clock=Clock())
    throttle.record_failure("ann", "a")
    throttle.record_success("ann", "a")

    assert delay(throttle) == 0


def test_memory_is_bounded() -> None:
    throttle = LoginThrottle(0, clock=Clock())
    for number in range(REMEMBERED + 10):
        throttle.record_failure(f"user{number}", "a")

    assert len(throttle._failures) == REMEMBERED


def test_a_refusal_is_an_error_with_a_time() -> None:
    throttle = LoginThrottle(0, clock=Clock())
    throttle.record_failure("ann", "a")

    with pytest.raises(RateLimited):
        throttle.check("ann", "a")
