"""Reading a request's body: once, in time, and only as what it claims to be."""

import asyncio
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from attune.domain.errors import MalformedInput
from attune.domain.json import JsonLimits, parse_json, parse_unchecked

READ_SECONDS: Final = 30
"""How long a client may take to send a JSON body."""

MANY_LIMITS: Final = JsonLimits(depth=70, elements=200_000)
"""For a document of many things, each of which is checked for itself."""

_FORM_TYPES: Final = ("multipart/form-data", "application/x-www-form-urlencoded")


class ReadRequest(Request):
    """A request whose JSON body has been read and checked already."""

    def __init__(self, request: Request, raw: bytes, document: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._raw = raw
        self._document = document

    async def body(self) -> bytes:
        """Return the bytes that were read."""
        return self._raw

    async def json(self) -> Any:
        """Return the document that was parsed."""
        return self._document


async def read_json(request: Request, *, many: bool = False) -> Request:
    """Read and check the body; an empty one stays empty.

    A key that stands twice in an object is refused: two readers would disagree. Of
    `many` things each is left to be checked by itself.
    """
    raw = await read_body(request)
    if not raw:
        return ReadRequest(request, raw, None)
    require_json(request)
    document = (
        parse_unchecked(raw, MANY_LIMITS)
        if many
        else parse_json(raw, refuse_duplicates=True)
    )
    return ReadRequest(request, raw, document)


async def read_body(request: Request) -> bytes:
    """Return the whole body, or refuse a client that never finishes it."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await request.body()
    except TimeoutError as error:
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT) from error
    except ClientDisconnect as error:
        raise MalformedInput("The request ended before its body did") from error


def require_json(request: Request) -> None:
    """Refuse a body that does not say that it is JSON in UTF-8."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if kind != "application/json" and not _is_json_suffixed(kind):
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def require_form(request: Request) -> None:
    """Refuse a body that is not a form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _FORM_TYPES:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def _is_json_suffixed(kind: str) -> bool:
    return kind.startswith("application/") and kind.endswith("+json")
