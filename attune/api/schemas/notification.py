"""Notifications as clients see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attune.api.schemas.envelope import Omitted, Read
from attune.domain.notification import Notice, NotificationState


class NotificationSummary(Read):
    """A notification in a list."""

    id: int
    notification_type: str
    """The kind of change, such as `execution_status_changed`."""
    channel: str
    entity_type: str
    entity_id: int | str
    activity: str
    state: NotificationState
    user_id: Omitted[int]
    """The identity whom it concerns most."""
    payload: dict[str, Any]
    created: datetime


def notification_summary(row: Any) -> Mapping[str, Any]:
    """Return what a list shows of a row."""
    notice = Notice(
        id=row.id,
        xact=row.xact,
        entity_type=row.entity_type,
        entity=row.entity,
        activity=row.activity,
        content=row.content if isinstance(row.content, dict) else {},
        created=row.created,
    )
    return {
        "id": notice.id,
        "notification_type": notice.type,
        "channel": row.channel,
        "entity_type": notice.entity_type,
        "entity_id": notice.entity_id,
        "activity": notice.activity,
        "state": row.state,
        "user_id": notice.user_id,
        "payload": notice.content,
        "created": notice.created,
    }
