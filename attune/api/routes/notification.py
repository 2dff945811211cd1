"""Notifications: listed, followed."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Header, Query, Request
from starlette.responses import Response

from attune.api.dependencies import (
    Authenticated,
    BearerToken,
    Notifications,
    NotificationStreams,
)
from attune.api.event_stream import EVENTS, frame, position_frame, stream
from attune.api.parameters import Paging
from attune.api.routing import Router
from attune.api.schemas.notification import NotificationSummary, notification_summary
from attune.api.schemas.page import Page, page
from attune.domain.cursor import LONGEST, Cursor
from attune.domain.notification import LONGEST_FILTER, Filter, NotificationState
from attune.services.notification.stream import Still
from attune.services.notification.told import Told

router = Router(prefix="/api/v1/notifications", tags=["notifications"])

FilterText = Annotated[str, Query(max_length=LONGEST_FILTER)]
Filters = Annotated[list[FilterText] | None, Query(alias="filter", max_length=100)]
"""Any of these; none means all (contract, m.2)."""


@router.get("", response_model=Page[NotificationSummary])
async def list_notifications(
    caller: Authenticated,
    notifications: Notifications,
    paging: Paging,
    *,
    filters: Filters = None,
    state: NotificationState | None = None,
    include_total: bool = False,
) -> Any:
    """List the newest notifications of what the caller may see, newest first."""
    asked = replace(paging, with_total=include_total)
    found = await notifications.page(caller, asked, _filters(filters), state)
    return page(found, notification_summary)


@router.get("/stream", responses=EVENTS, response_class=Response)
async def stream_notifications(
    request: Request,
    caller: Authenticated,
    token: BearerToken,
    streams: NotificationStreams,
    *,
    filters: Filters = None,
    after: Annotated[str | None, Query(max_length=LONGEST)] = None,
    last_event_id: Annotated[str | None, Header(max_length=LONGEST)] = None,
) -> Response:
    """Stream notifications as server-sent events; an event's id is where it goes on."""
    del caller
    given = last_event_id or after
    cursor = Cursor.parse(given) if given else None
    wanted = _filters(filters) or [Filter.parse("all")]
    opening = streams.stream(token, wanted, cursor)
    return await stream(request, opening, _frame)


def _filters(texts: Sequence[str] | None) -> list[Filter]:
    return [Filter.parse(text) for text in texts or ()]


def _frame(item: Told | Still) -> bytes:
    cursor = str(item.cursor)
    if isinstance(item, Told):
        return frame(json.dumps(item.document(), default=str), event_id=cursor)
    if item.warning is not None:
        return frame(item.warning, event="gap", event_id=cursor)
    return position_frame(cursor)
