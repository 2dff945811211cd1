"""What every repository can do: get, find, lock, page, add, remove."""

from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from attune.db.base import Entity
from attune.domain.errors import NotFound
from attune.domain.page import PageRequest, PageResult

M = TypeVar("M", bound=Entity)

LARGEST_ID = 2**63 - 1


class Repository(Generic[M]):
    """The rows of one table, within one transaction.

    `among` narrows what exists for the caller: what it excludes is not found.
    """

    model: ClassVar[type[Any]]
    newest_first: ClassVar[bool] = True

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(
        self, entity_id: int, *, among: ColumnElement[bool] | None = None
    ) -> M | None:
        """Return the row, or None."""
        if not 0 < entity_id <= LARGEST_ID:
            return None
        return await self._one(
            select(self.model).where(self.model.id == entity_id), among
        )

    async def find_all(self, entity_ids: Collection[int]) -> Sequence[M]:
        """Return those of the rows that exist, in the order of their ids."""
        ids = [each for each in entity_ids if 0 < each <= LARGEST_ID]
        query = select(self.model).where(self.model.id.in_(ids))
        return await self._all(query.order_by(self.model.id))

    async def get(
        self, entity_id: int, *, among: ColumnElement[bool] | None = None
    ) -> M:
        """Return the row, or raise NotFound."""
        return self._found(await self.find(entity_id, among=among), entity_id)

    async def lock(self, entity_id: int) -> M:
        """Return the row as it is now, locked until the end of the transaction."""
        if not 0 < entity_id <= LARGEST_ID:
            return self._found(None, entity_id)
        query = select(self.model).where(self.model.id == entity_id)
        fresh = query.with_for_update().execution_options(populate_existing=True)
        return self._found(await self._one(fresh, None), entity_id)

    async def add(self, entity: M) -> M:
        """Write a new row and return it with everything the database filled in."""
        self._session.add(entity)
        await self._session.flush()
        return entity

    async def add_all(self, entities: Collection[M]) -> None:
        """Write new rows in as few statements as there are kinds of them."""
        self._session.add_all(entities)
        await self._session.flush()

    async def remove(self, entity: M) -> None:
        """Delete the row; what depends on it goes as the schema says."""
        await self._session.delete(entity)
        await self._session.flush()

    async def _one(
        self, query: Select[Any], among: ColumnElement[bool] | None
    ) -> M | None:
        narrowed = query if among is None else query.where(among)
        found: M | None = (await self._session.scalars(narrowed)).one_or_none()
        return found

    async def _all(self, query: Select[Any]) -> Sequence[M]:
        return (await self._session.scalars(query)).all()

    async def _page(
        self, request: PageRequest, conditions: Sequence[ColumnElement[bool]]
    ) -> PageResult[M]:
        matching = select(self.model).where(*conditions)
        ordered = matching.order_by(*self._order())
        window = ordered.offset(min(request.offset, LARGEST_ID)).limit(
            request.limit + 1
        )
        rows = await self._all(window)
        return PageResult(
            items=rows[: request.limit],
            request=request,
            total=await self._count(conditions) if request.with_total else None,
            has_next=len(rows) > request.limit,
        )

    async def _count(self, conditions: Sequence[ColumnElement[bool]]) -> int:
        query = select(func.count()).select_from(self.model).where(*conditions)
        return (await self._session.execute(query)).scalar_one()

    def _order(self) -> tuple[ColumnElement[Any], ...]:
        key = self.model.id
        return (key.desc() if self.newest_first else key.asc(),)

    def _found(self, entity: M | None, key: int | str) -> M:
        if entity is None:
            raise NotFound(entity=self.model.__tablename__.replace("_", " "), ref=key)
        return entity


def present(*conditions: ColumnElement[bool] | None) -> list[ColumnElement[bool]]:
    """Return the conditions that apply."""
    return [condition for condition in conditions if condition is not None]


def equals(column: Any, value: object) -> ColumnElement[bool] | None:
    """Return the condition that a column has this value, unless it is None."""
    if value is None:
        return None
    condition: ColumnElement[bool] = column == value
    return condition


async def delete_where(
    session: AsyncSession, model: type[Any], *conditions: ColumnElement[bool]
) -> int:
    """Delete the rows that match and return how many there were."""
    result = await session.execute(
        delete(model).where(*conditions).execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]  # a DELETE has it
