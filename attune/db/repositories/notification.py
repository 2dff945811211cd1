"""Notifications."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from attune.db.models import Notification
from attune.db.repositories.base import Repository, delete_where


class NotificationRepository(Repository[Notification]):
    """The notifications."""

    model = Notification

    async def find_after(
        self, cursor: int, *, limit: int, entity_type: str | None = None
    ) -> Sequence[Notification]:
        """Return notifications after the cursor's id, oldest first."""
        query = select(Notification).where(Notification.id > cursor)
        if entity_type is not None:
            query = query.where(Notification.entity_type == entity_type)
        return await self._all(query.order_by(Notification.id).limit(limit))

    async def remove_older_than(self, age: timedelta) -> int:
        """Delete notifications older than `age` and return how many went."""
        old = Notification.created < func.now() - age
        return await delete_where(self._session, Notification, old)
