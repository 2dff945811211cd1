"""Pages of a few columns, for tables whose rows carry large documents."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from attune.domain.page import PageRequest, PageResult


async def page_of_columns(
    session: AsyncSession,
    request: PageRequest,
    columns: Select[*tuple[Any, ...]],
    conditions: Sequence[ColumnElement[bool]],
    *order: ColumnElement[Any],
) -> PageResult[Row[*tuple[Any, ...]]]:
    """Return one page of the columns in this order; counts only when asked to."""
    matching = columns.where(*conditions).order_by(*order)
    window = matching.offset(request.offset).limit(request.limit + 1)
    rows = (await session.execute(window)).all()
    counted = select(func.count()).select_from(columns.where(*conditions).subquery())
    return PageResult(
        items=rows[: request.limit],
        request=request,
        total=await session.scalar(counted) if request.with_total else None,
        has_next=len(rows) > request.limit,
    )
