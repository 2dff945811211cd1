"""What repositories of components share: they go by ref and belong to packs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select

from attune.db.base import Entity
from attune.db.repositories.base import Repository, equals, present
from attune.domain.pack import ReferenceVisibility
from attune.domain.page import PageRequest, PageResult

M = TypeVar("M", bound=Entity)


@dataclass(frozen=True, kw_only=True)
class ComponentFilter:
    """Which components are wanted; None means any."""

    q: str | None = None
    """A part of the ref, the label or the description."""
    pack_ref: str | None = None
    enabled: bool | None = None


class ComponentRepository(Repository[M]):
    """Rows with a unique ref, most of which belong to a pack."""

    newest_first = False
    searched: tuple[str, ...] = ("ref", "label", "description")

    async def find_by_ref(
        self, ref: str, *, among: ColumnElement[bool] | None = None
    ) -> M | None:
        """Return the row of this ref, or None."""
        return await self._one(select(self.model).where(self.model.ref == ref), among)

    async def get_by_ref(
        self, ref: str, *, among: ColumnElement[bool] | None = None
    ) -> M:
        """Return the row of this ref, or raise NotFound."""
        return self._found(await self.find_by_ref(ref, among=among), ref)

    async def lock_by_ref(self, ref: str) -> M:
        """Return the row of this ref, locked until the end of the transaction."""
        query = select(self.model).where(self.model.ref == ref).with_for_update()
        fresh = query.execution_options(populate_existing=True)
        return self._found(await self._one(fresh, None), ref)

    async def find_by_refs(
        self, refs: Collection[str], *, among: ColumnElement[bool] | None = None
    ) -> Sequence[M]:
        """Return those of the refs that exist, in the order of their refs."""
        query = select(self.model).where(self.model.ref.in_(refs))
        narrowed = query if among is None else query.where(among)
        return await self._all(narrowed.order_by(self.model.ref))

    async def find_by_pack(self, pack_id: int) -> Sequence[M]:
        """Return every component of the pack, in the order of their refs."""
        query = select(self.model).where(self.model.pack_id == pack_id)
        return await self._all(query.order_by(self.model.ref))

    async def remove_stale(self, pack_id: int, keep: Collection[str]) -> list[str]:
        """Delete what the pack no longer declares, and return the refs that went.

        What was made through the API stays.
        """
        stale = [
            row
            for row in await self.find_by_pack(pack_id)
            if not row.is_adhoc and row.ref not in keep  # type: ignore[attr-defined]  # every component has both
        ]
        for row in stale:
            await self._session.delete(row)
        await self._session.flush()
        return [row.ref for row in stale]  # type: ignore[attr-defined]  # as above

    async def page(
        self,
        request: PageRequest,
        wanted: ComponentFilter | None = None,
        *,
        among: ColumnElement[bool] | None = None,
    ) -> PageResult[M]:
        """Return one page of what is wanted, by ref."""
        conditions = self._conditions(wanted or ComponentFilter())
        return await self._page(request, present(*conditions, among))

    async def count(self, wanted: ComponentFilter | None = None) -> int:
        """Return how many there are of what is wanted."""
        return await self._count(
            present(*self._conditions(wanted or ComponentFilter()))
        )

    def _conditions(
        self, wanted: ComponentFilter
    ) -> Sequence[ColumnElement[bool] | None]:
        model = self.model
        return [
            self._search(wanted.q),
            equals(getattr(model, "pack_ref", None), wanted.pack_ref),
            equals(getattr(model, "enabled", None), wanted.enabled),
        ]

    def _search(self, q: str | None) -> ColumnElement[bool] | None:
        if not q:
            return None
        columns = [getattr(self.model, name) for name in self.searched]
        return or_(*(column.icontains(q, autoescape=True) for column in columns))

    def _order(self) -> tuple[ColumnElement[Any], ...]:
        return (self.model.ref.asc(),)


def referable_from(model: Any, pack_ref: str | None) -> ColumnElement[bool] | None:
    """Return the condition that this pack may refer to a row, unless it is None."""
    if pack_ref is None:
        return None
    named = model.reference_allowed_pack_refs.contains([pack_ref])
    restricted = model.reference_visibility == ReferenceVisibility.RESTRICTED
    return or_(
        model.reference_visibility == ReferenceVisibility.PUBLIC,
        model.pack_ref == pack_ref,
        and_(restricted, named),
    )
