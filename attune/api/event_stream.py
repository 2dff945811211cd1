"""Server-sent events: text in frames, with comments that keep the line open."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import StreamingResponse

from attune.api.watch import Watch
from attune.services.execution.stream import LogPiece

T = TypeVar("T")

KEEP_ALIVE = b": keep-alive\n\n"
MEDIA_TYPE = "text/event-stream"
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {}}, "description": "Events, as they come"}
}
"""What a route that streams answers, for the document."""
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


def frame(data: str, *, event: str | None = None, event_id: str | None = None) -> bytes:
    """Return one event; every kind of line end in `data` becomes a line feed."""
    unified = data.replace("\r\n", "\n").replace("\r", "\n")
    lines = [f"data: {line}" for line in unified.split("\n")]
    if event_id is not None:
        lines.insert(0, f"id: {event_id}")
    if event is not None:
        lines.insert(0, f"event: {event}")
    return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")


def json_frame(document: object) -> bytes:
    """Return one event with a JSON document, or a comment for None."""
    return KEEP_ALIVE if document is None else frame(json.dumps(document, default=str))


def position_frame(position: str) -> bytes:
    """Say where the reader stands, without an event, and keep the line open."""
    return f"id: {position}\n".encode() + KEEP_ALIVE


def piece_frame(piece: LogPiece | None) -> bytes:
    """Return one event whose id is where the text goes on, or a comment for None."""
    if piece is None:
        return KEEP_ALIVE
    return frame(piece.text, event=piece.kind, event_id=str(piece.offset))


async def stream(
    request: Request,
    opening: AbstractAsyncContextManager[AsyncIterator[T]],
    show: Callable[[T], bytes],
) -> StreamingResponse:
    """Open the source first, so that a refusal is still an ordinary answer.

    It ends with the token, and when that allows less or more than it did: whoever
    comes again is answered anew.
    """
    watch, stack = Watch(request), AsyncExitStack()
    source = await stack.enter_async_context(opening)

    async def body() -> AsyncIterator[bytes]:
        async with stack:
            async for item in source:
                if await watch.is_over():
                    return
                yield show(item)

    return StreamingResponse(body(), media_type=MEDIA_TYPE, headers=HEADERS)
