"""Packs and their installations."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from attune.db.models import (
    Action,
    Pack,
    PackConfig,
    PackInstall,
    Rule,
    Sensor,
    Trigger,
)
from attune.db.repositories.base import Repository, delete_where, equals
from attune.db.repositories.component import ComponentFilter, ComponentRepository
from attune.db.visibility import visible_packs
from attune.domain.permission import Caller


@dataclass(frozen=True)
class ConfigLayers:
    """What a pack is configured with, and on top of it what an identity wants."""

    schema: dict[str, Any] = field(default_factory=dict)
    base: dict[str, Any] = field(default_factory=dict)
    configured_by: int | None = None
    own: dict[str, Any] | None = None


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

    async def config_layers(
        self, ref: str | None, identity_id: int | None
    ) -> ConfigLayers:
        """Return what a pack is configured with for an identity, as it is stored.

        An unknown pack is configured with nothing.
        """
        own = and_(PackConfig.pack_id == Pack.id, PackConfig.identity_id == identity_id)
        query = (
            select(
                Pack.conf_schema, Pack.config, Pack.configured_by_id, PackConfig.config
            )
            .outerjoin(PackConfig, own)
            .where(Pack.ref == ref)
        )
        row = (await self._session.execute(query)).one_or_none()
        return ConfigLayers() if row is None else ConfigLayers(*row)

    async def ownerships(
        self, refs: Collection[str]
    ) -> dict[str, tuple[int | None, bool]]:
        """Return who owns packs, and whether they are everybody's all the same."""
        query = select(Pack.ref, Pack.owner_identity_id, Pack.is_standard)
        rows = await self._session.execute(query.where(Pack.ref.in_(refs)))
        return {ref: (owner_id, is_standard) for ref, owner_id, is_standard in rows}

    async def divided(
        self, refs: Collection[str], caller: Caller
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Return those of the packs that are the caller's, and those it does not see."""
        query = select(Pack.ref, Pack.owner_identity_id, visible_packs(caller))
        rows = (await self._session.execute(query.where(Pack.ref.in_(refs)))).all()
        own = {ref for ref, owner, _ in rows if owner and owner == caller.identity_id}
        hidden = {ref for ref, _, is_seen in rows if not is_seen}
        return frozenset(own), frozenset(hidden)

    async def count_owned(self, identity_id: int) -> int:
        """Return how many packs belong to an identity."""
        return await self._count([Pack.owner_identity_id == identity_id])

    async def own_config(
        self, pack_id: int, identity_id: int | None
    ) -> PackConfig | None:
        """Return what the identity wants configured differently, or None."""
        query = select(PackConfig).where(
            PackConfig.pack_id == pack_id, PackConfig.identity_id == identity_id
        )
        found: PackConfig | None = await self._session.scalar(query)
        return found

    async def keep_own_config(self, row: PackConfig) -> None:
        """Write an identity's settings, new or changed."""
        self._session.add(row)
        await self._session.flush()

    async def remove_own_config(self, pack_id: int, identity_id: int) -> None:
        """Forget an identity's settings; there may be none."""
        await delete_where(
            self._session,
            PackConfig,
            PackConfig.pack_id == pack_id,
            PackConfig.identity_id == identity_id,
        )

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
