"""Failed logins slow down the next attempt of the same login from the same address."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from attune.domain.errors import RateLimited

FREE_ATTEMPTS: Final = 5
"""Typing errors that cost nothing."""

LONGEST_DELAY_SECONDS: Final = 300.0
WINDOW_SECONDS: Final = 300.0
"""After so long without a failure and without a delay, the count begins anew."""

REMEMBERED: Final = 10_000


@dataclass
class _Failures:
    count: int = 0
    blocked_until: float = 0.0
    failed_at: float = 0.0


class LoginThrottle:
    """Counts failures in this process; the oldest are forgotten when there are many."""

    def __init__(
        self,
        free_attempts: int = FREE_ATTEMPTS,
        window_seconds: float = WINDOW_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free_attempts = free_attempts
        self._window_seconds = window_seconds
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def check(self, login: str, address: str) -> None:
        """Raise RateLimited while the delay of the last failure lasts."""
        failures = self._failures.get((login, address))
        if failures is None:
            return
        wait = failures.blocked_until - self._clock()
        if wait > 0:
            raise RateLimited(
                "Too many failed logins", retry_after_seconds=math.ceil(wait)
            )

    def record_failure(self, login: str, address: str) -> None:
        """Count a failure; from the sixth on, each doubles the delay."""
        now = self._clock()
        failures = self._failures.setdefault((login, address), _Failures())
        self._failures.move_to_end((login, address))
        if now > max(failures.failed_at, failures.blocked_until) + self._window_seconds:
            failures.count = 0
        failures.count += 1
        failures.failed_at = now
        excess = failures.count - self._free_attempts
        if excess > 0:
            delay = min(2.0 ** min(excess - 1, 16), LONGEST_DELAY_SECONDS)
            failures.blocked_until = now + delay
        if len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def record_success(self, login: str, address: str) -> None:
        """Forget the failures of somebody who got in."""
        self._failures.pop((login, address), None)
