"""Which part of a list is wanted, and the part that was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """A window on a list; `with_total` asks for the count of the whole list."""

    offset: int = 0
    limit: int = 50
    with_total: bool = True


@dataclass(frozen=True, kw_only=True)
class PageResult(Generic[T]):
    """One window on a list in its stable order."""

    items: Sequence[T]
    request: PageRequest
    total: int | None = None
    """The length of the whole list as the caller may see it, if it was asked for."""
    has_next: bool = False
