"""Actions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select

from attune.db.models import Action
from attune.db.repositories.component import (
    ComponentFilter,
    ComponentRepository,
    referable_from,
)
from attune.db.visibility import Columns, permitted, visible
from attune.domain.permission import Action as Act
from attune.domain.permission import Caller, Resource

COLUMNS = Columns(
    pack_ref=Action.pack_ref, is_part_of_pack=True, ref=Action.ref, id=Action.id
)
"""What constraints on actions are held against."""


_DESCRIPTION: tuple[Any, ...] = (
    Action.id,
    Action.ref,
    Action.pack_ref,
    Action.is_adhoc,
    Action.enabled,
    Action.param_schema,
    Action.reference_visibility,
    Action.reference_allowed_pack_refs,
)


@dataclass(frozen=True, kw_only=True)
class ActionFilter(ComponentFilter):
    """Which actions are wanted; None means any."""

    pack_refs: Collection[str] | None = None
    referencing_pack_ref: str | None = None
    """The pack that would refer to them."""


def visible_actions(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which an action exists for the caller."""
    return visible(caller, Resource.ACTIONS, COLUMNS)


def referable_actions(caller: Caller, pack_ref: str) -> ColumnElement[bool]:
    """Return the condition under which files of the pack can name an action.

    Whoever installs the pack need not see what it has already.
    """
    return or_(Action.pack_ref == pack_ref, visible_actions(caller))


def executable_actions(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which the caller may execute an action now."""
    may_execute = permitted(caller, Resource.ACTIONS, Act.EXECUTE, COLUMNS)
    return visible_actions(caller) & may_execute & Action.enabled


class ActionRepository(ComponentRepository[Action]):
    """The actions."""

    model = Action

    async def find_by_workflow(self, workflow_def_id: int) -> Sequence[Action]:
        """Return the actions that run this workflow definition."""
        query = select(Action).where(Action.workflow_def_id == workflow_def_id)
        return await self._all(query.order_by(Action.ref))

    async def described(
        self, refs: Collection[str], *, among: ColumnElement[bool] | None = None
    ) -> Sequence[Row[Any]]:
        """Return of these actions what has to be known to refer to them, by ref."""
        query = select(*_DESCRIPTION).where(Action.ref.in_(sorted(refs)))
        narrowed = query if among is None else query.where(among)
        return (await self._session.execute(narrowed.order_by(Action.ref))).all()

    async def refs_of(
        self, pack_refs: Collection[str], among: ColumnElement[bool], most: int
    ) -> Sequence[str]:
        """Return the refs of the first actions of these packs."""
        query = select(Action.ref).where(Action.pack_ref.in_(sorted(pack_refs)), among)
        found = await self._session.scalars(query.order_by(Action.ref).limit(most))
        return found.all()

    async def param_schemas(self, ids: Collection[int]) -> dict[int, dict[str, Any]]:
        """Return the schemas of parameters by the ids of their actions."""
        query = select(Action.id, Action.param_schema).where(Action.id.in_(ids))
        rows = await self._session.execute(query)
        return {row.id: row.param_schema for row in rows}

    def _conditions(
        self, wanted: ComponentFilter
    ) -> Sequence[ColumnElement[bool] | None]:
        conditions = list(super()._conditions(wanted))
        if isinstance(wanted, ActionFilter):
            if wanted.pack_refs is not None:
                conditions.append(Action.pack_ref.in_(sorted(wanted.pack_refs)))
            conditions.append(referable_from(Action, wanted.referencing_pack_ref))
        return conditions
