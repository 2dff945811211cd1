"""Packs and their installations."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from attune.db.models import Action, Pack, PackInstall, Rule, Sensor, Trigger
from attune.db.repositories.base import Repository, equals
from attune.db.repositories.component import ComponentFilter, ComponentRepository


class PackRepository(ComponentRepository[Pack]):
    """The packs."""

    model = Pack

    async def count_components(self, pack_id: int) -> dict[str, int]:
        """Return how many actions, triggers, sensors and rules the pack has."""
        counts = [
            select(func.count())
            .where(model.pack_id == pack_id)
            .scalar_subquery()
            .label(model.__tablename__)
            for model in (Action, Trigger, Sensor, Rule)
        ]
        return dict((await self._session.execute(select(*counts))).mappings().one())

    async def config_of(self, ref: str | None) -> dict[str, Any]:
        """Return the configuration as it is stored; nothing of an unknown pack."""
        config = await self._session.scalar(select(Pack.config).where(Pack.ref == ref))
        return config or {}

    def _conditions(
        self, wanted: ComponentFilter
    ) -> Sequence[ColumnElement[bool] | None]:
        return [
            self._search(wanted.q),
            equals(Pack.ref, wanted.pack_ref),
            equals(Pack.enabled, wanted.enabled),
        ]


class PackInstallRepository(Repository[PackInstall]):
    """The installations of packs, newest first."""

    model = PackInstall

    async def find_latest(self, pack_ref: str) -> PackInstall | None:
        """Return the newest installation of the pack, or None."""
        query = select(PackInstall).where(PackInstall.pack_ref == pack_ref)
        return await self._one(query.order_by(PackInstall.id.desc()).limit(1), None)
