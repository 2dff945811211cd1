"""Follow notifications: each is given once, in order, to whoever may see it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeVar

from attune.clock import utc_now
from attune.db.database import Database
from attune.domain.cursor import Cursor, Snapshot, earlier
from attune.domain.errors import Unavailable
from attune.domain.interest import Interests
from attune.domain.notification import Filter, Notice
from attune.domain.permission import Caller
from attune.services.access import AccessService
from attune.services.notification.rules_now import rules_now
from attune.services.notification.seen import Seen
from attune.services.notification.standing import Seats, Standing
from attune.services.notification.tail import PAGE, Placed, Tail
from attune.services.notification.told import Told, payload

T = TypeVar("T")

GAP: Final = (
    "notifications after this cursor may have been removed: look at the lists anew"
)
"""What a follower is told whose cursor reaches back too far."""

TRIES: Final = 30
PAUSE_SECONDS: Final = 1.0
"""Between two tries while the database does not answer."""


class FollowService:
    """Lets many follow what one tail reads."""

    def __init__(
        self,
        database: Database,
        access: AccessService,
        tail: Tail,
        *,
        most_followers: int,
        kept: timedelta | None,
    ) -> None:
        self._database = database
        self._access = access
        self._tail = tail
        self._seats = Seats(most_followers)
        self._kept = kept

    @asynccontextmanager
    async def follow(self, token: str) -> AsyncIterator["Follower"]:
        """Give the token's owner a place, from now on, for as long as it follows.

        Raises InvalidToken, PermissionDenied, RateLimited for one with too many places,
        or Unavailable.
        """
        standing = Standing(self._access, token)
        caller = await standing.caller()
        with self._seats.taken_by(caller):
            async with self._tail.followed() as position:
                yield Follower(
                    self._database, self._tail, standing, position, self._kept
                )


class Follower:
    """Reads for one socket or stream; subscribing while it reads is safe."""

    def __init__(
        self,
        database: Database,
        tail: Tail,
        standing: Standing,
        position: Cursor,
        kept: timedelta | None,
    ) -> None:
        self._database = database
        self._tail = tail
        self._standing = standing
        self._position = position
        self._given = position
        self._kept = kept
        self._interests = Interests()
        self._place: int | None = None
        self._joined = position
        self._seen = Seen()

    @property
    def subscription_count(self) -> int:
        """Return how many filters there are."""
        return len(self._interests)

    @property
    def position(self) -> Cursor:
        """Return up to where all was given: given back later, nothing is missed."""
        return self._given

    def follows(self, wanted: Filter) -> bool:
        """Tell whether this filter is among those of the follower."""
        return wanted in self._interests

    def subscribe(self, wanted: Filter, after: Cursor | None = None) -> bool:
        """Ask for more; False says that some may be gone since `after`.

        Raises PermissionDenied for what concerns somebody else alone.
        """
        self._standing.check(wanted)
        if after is None and wanted in self._interests:
            return True
        is_whole = after is None or self._still_has(after)
        if after is not None and after.base.xmin > self._position.base.xmax:
            after = None
        resumed = self._interests.add(wanted, self._position, after)
        if resumed != self._position:
            self._position, self._place = resumed, None
            self._given = earlier(self._given, resumed)
        return is_whole

    async def catch_up(self, wanted: Filter) -> Sequence[Mapping[str, Any]]:
        """Return how all rules of a trigger stand, for a sensor that follows it anew.

        The published SDK knows no cursor: what changed since its start, or while its
        line was cut, it would never hear of.
        """
        caller = await patiently(self._standing.caller)
        if wanted.value not in caller.trigger_refs:
            return []
        return await patiently(partial(rules_now, self._database, wanted.value))

    def unsubscribe(self, wanted: Filter) -> None:
        """Ask for this no more."""
        self._interests.remove(wanted)

    async def next(self, seconds: float) -> Sequence[Told]:
        """Return what there is to tell; nothing when nothing came within the time.

        Asking for more says that the last answer was given. Raises InvalidToken or
        PermissionDenied when the follower may be told nothing.
        """
        self._given = self._position
        placed = await patiently(partial(self._read, seconds))
        wanted = [each for each in placed if self._interests.want(each[0])]
        trigger_refs = frozenset(self._interests.trigger_refs)
        caller = await patiently(self._standing.caller)
        if not wanted:
            return []
        tell = partial(self._tell, caller, wanted, trigger_refs)
        return await patiently(tell)

    async def _tell(
        self, caller: Caller, wanted: Sequence[Placed], trigger_refs: frozenset[str]
    ) -> Sequence[Told]:
        """Leave out what the caller may not see, and put the rest into words."""
        seen = await self._visible(caller, [notice for notice, _ in wanted])
        given = [each for each in wanted if each[0].id in seen]
        parameters = await self._rule_parameters(given) if trigger_refs else {}
        return [
            Told(
                notice=notice,
                payload=payload(notice, trigger_refs, parameters),
                cursor=cursor,
            )
            for notice, cursor in given
        ]

    async def _read(self, seconds: float) -> Sequence[Placed]:
        """Read on and move the position; what subscribing has overtaken is read again."""
        if self._place is None:
            self._place = self._tail.join(self._position)
            self._joined = self._position
        if self._place is None:
            return await self._read_table()
        if not await self._tail.wait(self._place, seconds) or self._place is None:
            return []
        placed = self._tail.after(self._place, PAGE)
        if not placed:
            self._place = None
            return []
        self._place += len(placed)
        base = self._joined.base
        fresh = [_beyond(base, each) for each in placed if not self._has(each[0])]
        if fresh:
            self._position = fresh[-1][1]
        return fresh

    async def _read_table(self) -> Sequence[Placed]:
        revision = self._interests.revision
        async with self._database.autocommit() as tx:
            placed, end = await tx.notifications.read(
                self._position, limit=PAGE, filters=self._interests.filters
            )
        if self._interests.revision != revision:
            return []
        self._position = end
        return placed

    def _has(self, notice: Notice) -> bool:
        return self._joined.covers(notice.xact, notice.id)

    def _still_has(self, after: Cursor) -> bool:
        """Tell whether all that came after the cursor is there, as far as one can."""
        is_ours = after.base.xmin <= self._position.base.xmax
        if self._kept is None:
            return is_ours
        return is_ours and after.at >= (utc_now() - self._kept).timestamp()

    async def _visible(self, caller: Caller, notices: Sequence[Notice]) -> set[int]:
        known = {each.id: self._seen.recall(caller, each) for each in notices}
        unknown = [each for each in notices if known[each.id] is None]
        seen = {id_ for id_, is_seen in known.items() if is_seen}
        if unknown:
            async with self._database.autocommit() as tx:
                ids = [each.id for each in unknown]
                asked = await tx.notifications.visible_ids(ids, caller)
            for each in unknown:
                self._seen.remember(each, is_seen=each.id in asked)
            seen |= asked
        return seen

    async def _rule_parameters(
        self, given: Sequence[Placed]
    ) -> Mapping[int, Mapping[str, Any] | None]:
        entities = [n.entity_id for n, _ in given if n.entity_type == "rule"]
        ids = [entity for entity in entities if isinstance(entity, int)]
        if not ids:
            return {}
        async with self._database.autocommit() as tx:
            return await tx.notifications.rule_parameters(ids)


async def patiently(act: Callable[[], Awaitable[T]]) -> T:
    """Do it again while the database does not answer, and then give up."""
    for _ in range(TRIES - 1):
        try:
            return await act()
        except Unavailable:
            await asyncio.sleep(PAUSE_SECONDS)
    return await act()


def _beyond(base: Snapshot, placed: Placed) -> Placed:
    """Return it with a cursor that covers what the follower had when it joined."""
    notice, cursor = placed
    if cursor.base.age >= base.age:
        return placed
    return notice, replace(cursor, base=base)
