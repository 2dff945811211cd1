"""Lists in pages, as clients read them (contract, a.2 and a.3)."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from attune.api.schemas.envelope import Envelope, Omitted
from attune.domain.page import PageResult

T = TypeVar("T")


class Pagination(BaseModel):
    """Where in the list this page stands."""

    page: int
    page_size: int
    total_items: Omitted[int]
    total_pages: Omitted[int]
    has_previous: bool
    has_next: bool


class Page(Envelope, Generic[T]):
    """One page of a list."""

    items: list[T]
    pagination: Pagination


def page(
    result: PageResult[T], show: Callable[[T], object] | None = None
) -> Mapping[str, Any]:
    """Envelope one page; the totals stand in it only when they were counted.

    `show` makes what clients read of each item, where the schema cannot by itself.
    """
    request = result.request
    return {
        "items": result.items if show is None else list(map(show, result.items)),
        "pagination": {
            "page": request.offset // request.limit + 1,
            "page_size": request.limit,
            "total_items": result.total,
            "total_pages": _pages(result.total, request.limit),
            "has_previous": request.offset > 0,
            "has_next": result.has_next,
        },
    }


def _pages(total: int | None, size: int) -> int | None:
    return None if total is None else -(-total // size)
