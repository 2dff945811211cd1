"""Ids, refs and pages as they stand in a URL: never a server error, whatever they are."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, Query
from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError
from starlette.exceptions import HTTPException

from attune.domain.page import PageRequest

MAX_ID: Final = 2**63 - 1
MAX_REF_LENGTH: Final = 255
DEFAULT_PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 100
MAX_LONG_PAGE_SIZE: Final = 1000


def _as_id(text: object) -> int:
    """Read an id; what cannot be one names nothing that exists."""
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()):
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is nothing with this id")
    if len(text) > len(str(MAX_ID)) or not 1 <= int(text) <= MAX_ID:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is nothing with this id")
    return int(text)


def _as_ref(text: object) -> str:
    if not isinstance(text, str) or not text.isascii() or len(text) > MAX_REF_LENGTH:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is nothing with this ref")
    return text


Id = Annotated[
    int,
    BeforeValidator(_as_id),
    WithJsonSchema({"type": "integer", "format": "int64", "minimum": 1}),
]
"""An id in a path: digits, at most 2^63-1; anything else is 404."""

RefPath = Annotated[
    str,
    BeforeValidator(_as_ref),
    WithJsonSchema({"type": "string", "maxLength": MAX_REF_LENGTH}),
]
"""A ref in a path; what cannot be one is 404."""

BodyId = Annotated[int, Field(ge=1, le=MAX_ID, strict=True)]
"""An id in a body."""


def _as_count(text: object) -> object:
    if text is None or text == "":
        return None
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()):
        raise PydanticCustomError("count", "Input should be a number without a sign")
    if len(text) > len(str(MAX_ID)) or int(text) > MAX_ID:
        raise PydanticCustomError("count", "Input should be less than 2^63")
    return int(text)


Count = Annotated[
    int | None,
    BeforeValidator(_as_count),
    WithJsonSchema({"type": "integer", "format": "int64", "minimum": 0}),
]
"""A number of things in a query string."""


def _as_query_id(text: object) -> object:
    number = _as_count(text)
    if number == 0:
        raise PydanticCustomError("id", "Input should be an id: they begin at 1")
    return number


QueryId = Annotated[
    int | None,
    BeforeValidator(_as_query_id),
    WithJsonSchema({"type": "integer", "format": "int64", "minimum": 1}),
]
"""An id to filter by, in a query string."""


class PageParameters:
    """Reads both dialects of paging (contract, a.3) and clamps what is too large."""

    def __init__(self, *, size: int = DEFAULT_PAGE_SIZE, most: int = MAX_PAGE_SIZE):
        self._size = size
        self._most = most

    async def __call__(
        self,
        page: Annotated[Count, Query()] = None,
        page_size: Annotated[Count, Query()] = None,
        per_page: Annotated[Count, Query()] = None,
        limit: Annotated[Count, Query()] = None,
        offset: Annotated[Count, Query()] = None,
    ) -> PageRequest:
        """Return the window that was asked for."""
        asked = next((n for n in (page_size, per_page, limit) if n is not None), None)
        size = max(1, min(self._most, self._size if asked is None else asked))
        start = (max(page or 1, 1) - 1) * size if offset is None else offset
        return PageRequest(offset=min(start, MAX_ID - self._most), limit=size)


Paging = Annotated[PageRequest, Depends(PageParameters())]
"""The page of an ordinary list: 50 by default, at most 100."""

ShortPaging = Annotated[PageRequest, Depends(PageParameters(size=20))]
"""The page of executions and artifacts: 20 by default, at most 100."""

LongPaging = Annotated[PageRequest, Depends(PageParameters(most=MAX_LONG_PAGE_SIZE))]
"""The page of events and enforcements: 50 by default, at most 1000."""

Search = Annotated[str | None, Query(alias="q", max_length=255)]
"""Text to look for in ref, label and description."""
