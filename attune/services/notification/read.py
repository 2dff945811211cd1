"""Look at the notifications that are kept."""

from collections.abc import Collection
from typing import Any

from attune.db.database import Database
from attune.db.repositories.notification import NotificationFilter
from attune.domain.notification import Filter, FilterKind, NotificationState
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource, Target


class NotificationReadService:
    """Notifications as callers may see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        caller: Caller,
        request: PageRequest,
        filters: Collection[Filter],
        state: NotificationState | None,
    ) -> PageResult[Any]:
        """Return one page, newest first, of what matches any of the filters."""
        for each in filters:
            check_filter(caller, each)
        wanted = NotificationFilter(filters=filters, state=state)
        async with self._database.transaction() as tx:
            return await tx.notifications.page(request, wanted, caller)


def check_filter(caller: Caller, wanted: Filter) -> None:
    """Refuse to ask for what concerns another identity, but to who may read them."""
    is_other = (
        wanted.kind is FilterKind.USER and int(wanted.value) != caller.identity_id
    )
    if is_other:
        other = Target(id=int(wanted.value), owner_identity_id=int(wanted.value))
        caller.require(Resource.IDENTITIES, Action.READ, other)
