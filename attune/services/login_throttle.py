"""Failed logins slow down the next attempt of the same login from the same address."""

import hashlib
import math
from typing import Final

from attune.db.database import Database
from attune.domain.errors import RateLimited
from attune.domain.identity import login_delay_seconds

FREE_ATTEMPTS: Final = 5
"""Typing errors that cost nothing."""

WINDOW_SECONDS: Final = 300.0
"""After so long without a failure and without a delay, the count begins anew."""


class LoginThrottle:
    """Counts failures in the database, so that all processes know of each other's."""

    def __init__(
        self,
        database: Database,
        free_attempts: int = FREE_ATTEMPTS,
        window_seconds: float = WINDOW_SECONDS,
    ) -> None:
        self._database = database
        self._free_attempts = free_attempts
        self._window_seconds = window_seconds

    async def check(self, login: str, address: str) -> None:
        """Raise RateLimited while the delay of the last failure lasts."""
        async with self._database.autocommit() as tx:
            wait = await tx.login_failures.wait_seconds(_source(login, address))
        if wait > 0:
            raise RateLimited(
                "Too many failed logins", retry_after_seconds=math.ceil(wait)
            )

    async def record_failure(self, login: str, address: str) -> None:
        """Count a failure; from the first that is not free on, each doubles the delay."""
        source = _source(login, address)
        async with self._database.transaction() as tx:
            count = await tx.login_failures.count(source, self._window_seconds)
            delay = login_delay_seconds(count, self._free_attempts)
            await tx.login_failures.block(source, delay)
            await tx.login_failures.forget_old(self._window_seconds)

    async def record_success(self, login: str, address: str) -> None:
        """Forget the failures of somebody who got in."""
        async with self._database.autocommit() as tx:
            await tx.login_failures.forget(_source(login, address))


def _source(login: str, address: str) -> str:
    """Return a name that tells nobody a password typed in the wrong field."""
    return hashlib.sha256(f"{address}\n{login}".encode()).hexdigest()
