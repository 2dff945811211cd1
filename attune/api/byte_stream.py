"""Answers that are somebody's bytes: in pieces, in ranges, and harmless to a browser."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import BinaryIO, Final
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from attune.domain.byte_range import ByteRange, parse_range
from attune.domain.errors import AttuneError
from attune.services.artifact.content import Content

PIECE_BYTES: Final = 262_144
# Whatever it is, a browser saves it and runs nothing of it.
_HARMLESS: Final = {"Content-Security-Policy": "sandbox; default-src 'none'"}


def answer(content: Content, wanted: str | None) -> StreamingResponse:
    """Send the content, or the range that the header asks for, as a download."""
    try:
        part = parse_range(wanted, content.size_bytes)
    except AttuneError:
        content.file.close()
        raise
    return StreamingResponse(
        _pieces(content.file, part or ByteRange(0, content.size_bytes)),
        status_code=HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT,
        media_type=content.content_type,
        headers=_headers(content, part),
        background=BackgroundTask(content.file.close),
    )


def _headers(content: Content, part: ByteRange | None) -> dict[str, str]:
    length = content.size_bytes if part is None else part.length
    headers = {
        **_HARMLESS,
        "Accept-Ranges": "bytes",
        "Content-Length": str(length),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(content.name)}",
        "ETag": f'"{content.etag}"',
    }
    if part is not None:
        shown = f"{part.start}-{part.end - 1}/{content.size_bytes}"
        headers["Content-Range"] = f"bytes {shown}"
    return headers


async def _pieces(file: BinaryIO, part: ByteRange) -> AsyncIterator[bytes]:
    """Read up to the promised length; a file that shrank ends the connection."""
    with file:
        await asyncio.to_thread(file.seek, part.start)
        left = part.length
        while left:
            piece = await asyncio.to_thread(file.read, min(PIECE_BYTES, left))
            if not piece:
                raise OSError("the file became shorter while it was sent")
            left -= len(piece)
            yield piece
