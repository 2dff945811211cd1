"""Whether a follower's token is still good, and how many places its owner has."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from attune.domain.errors import PermissionDenied, RateLimited
from attune.domain.notification import Filter
from attune.domain.permission import Caller, TokenType
from attune.services.access import AccessService
from attune.services.notification.read import check_filter

RETRY_AFTER_SECONDS = 30


class Standing:
    """One follower's token, asked about again and again."""

    def __init__(self, access: AccessService, token: str) -> None:
        self._access = access
        self._token = token
        self._first: Caller | None = None

    async def caller(self) -> Caller:
        """Return who follows, with the grants of now.

        Raises InvalidToken, or PermissionDenied for one who may no longer do something
        that was allowed in the beginning: such a follower has to come again.
        """
        caller = await self._access.identify(self._token)
        if caller.token_type is TokenType.WORKER:
            raise PermissionDenied("403 forbidden: a worker token is not enough here")
        if self._first is None:
            self._first = caller
        if any(grant not in caller.grants for grant in self._first.grants):
            raise PermissionDenied("403 forbidden: a permission was taken away")
        return caller

    def check(self, wanted: Filter) -> None:
        """Refuse to follow what concerns another identity alone."""
        if self._first is not None:
            check_filter(self._first, wanted)


class Seats:
    """How many follow at once for each identity, execution or sensor."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = Counter[Hashable]()

    @contextmanager
    def taken_by(self, caller: Caller) -> Iterator[None]:
        """Take a place for as long as it lasts, or raise RateLimited."""
        owner = (caller.token_type, caller.identity_id, caller.execution_id)
        key = (*owner, caller.login)
        if self._taken[key] >= self._most:
            raise RateLimited(
                f"You follow {self._most} times at once already",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            )
        self._taken[key] += 1
        try:
            yield
        finally:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]
