"""Failed logins, counted for all processes together."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_FORGOTTEN_AT_ONCE: Final = 100

_WAIT = text("""
    SELECT extract(epoch FROM blocked_until - clock_timestamp())::float8
    FROM attune.login_failure
    WHERE source = :source
""")

# After a window without a failure and without a delay, the count begins anew.
_COUNT = text("""
    INSERT INTO attune.login_failure AS f (source, count)
    VALUES (:source, 1)
    ON CONFLICT (source) DO UPDATE
    SET
        count = CASE
            WHEN f.blocked_until + make_interval(secs => :window) < clock_timestamp()
            THEN 1
            ELSE f.count + 1
        END,
        failed_at = clock_timestamp()
    RETURNING count
""")

_BLOCK = text("""
    UPDATE attune.login_failure
    SET blocked_until = clock_timestamp() + make_interval(secs => :delay)
    WHERE source = :source
""")

_FORGET = text("DELETE FROM attune.login_failure WHERE source = :source")

_FORGET_OLD = text("""
    DELETE FROM attune.login_failure
    WHERE source IN (
        SELECT source
        FROM attune.login_failure
        WHERE blocked_until < clock_timestamp() - make_interval(secs => :window)
        ORDER BY blocked_until
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
""")


class LoginFailureRepository:
    """Counts failures by their source, the hash of a login and an address."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def wait_seconds(self, source: str) -> float:
        """Return how long the source has to wait before it may try again."""
        wait = await self._session.scalar(_WAIT, {"source": source})
        return max(0.0, wait or 0.0)

    async def count(self, source: str, window_seconds: float) -> int:
        """Count a failure and return how many there are by now."""
        values = {"source": source, "window": float(window_seconds)}
        count: int = (await self._session.execute(_COUNT, values)).scalar_one()
        return count

    async def block(self, source: str, delay_seconds: float) -> None:
        """Let the source wait from now on."""
        values = {"source": source, "delay": float(delay_seconds)}
        await self._session.execute(_BLOCK, values)

    async def forget(self, source: str) -> None:
        """Forget the failures of somebody who got in."""
        await self._session.execute(_FORGET, {"source": source})

    async def forget_old(self, window_seconds: float) -> None:
        """Remove some of what no longer slows anybody down."""
        values = {"window": float(window_seconds), "limit": _FORGOTTEN_AT_ONCE}
        await self._session.execute(_FORGET_OLD, values)
