"""Notifications as an endless stream, for one reader of a few filters."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from attune.domain.cursor import Cursor
from attune.domain.errors import PermissionDenied, Unauthenticated, Unavailable
from attune.domain.notification import Filter
from attune.services.notification.follow import GAP, Follower, FollowService
from attune.services.notification.told import Told

KEEP_ALIVE_SECONDS: Final = 15.0


@dataclass(frozen=True, kw_only=True)
class Still:
    """Nothing new, up to here; or, with a warning, perhaps something that is gone."""

    cursor: Cursor
    warning: str | None = None


class NotificationStreamService:
    """Follows for readers that cannot speak while they listen."""

    def __init__(self, following: FollowService) -> None:
        self._following = following

    @asynccontextmanager
    async def stream(
        self, token: str, filters: Collection[Filter], after: Cursor | None
    ) -> AsyncIterator[AsyncIterator[Told | Still]]:
        """Tell what matches any of the filters, from the cursor or from now on.

        It ends when the token is good no more. Raises what `follow` and `subscribe` do.
        """
        async with self._following.follow(token) as follower:
            subscribed = [follower.subscribe(wanted, after) for wanted in filters]
            yield _tell(follower, is_whole=all(subscribed))


async def _tell(follower: Follower, *, is_whole: bool) -> AsyncIterator[Told | Still]:
    yield Still(cursor=follower.position, warning=None if is_whole else GAP)
    while True:
        try:
            told = await follower.next(KEEP_ALIVE_SECONDS)
        except (Unauthenticated, PermissionDenied, Unavailable):
            return  # An answer that has begun cannot say why; the next one will.
        for each in told:
            yield each
        if not told:
            yield Still(cursor=follower.position)
