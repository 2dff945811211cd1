"""Triggers: made, looked at, changed, removed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attune.db.database import Database, Transaction
from attune.db.models.pack import Pack
from attune.db.models.trigger import Trigger
from attune.db.repositories.component import referable_from
from attune.db.repositories.trigger import TriggerFilter, visible_triggers
from attune.domain.errors import InvalidInput
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource, Target
from attune.domain.ref import Ref
from attune.domain.schema import check_schema
from attune.services.component import (
    check_ref,
    target_in_pack,
    tidy,
    visible_pack,
    write,
)
from attune.services.definitions import Definitions


@dataclass(frozen=True, kw_only=True)
class TriggerView:
    """A trigger, and whether the caller may know its webhook's key.

    Whoever may make it fire in another way gains nothing by that.
    """

    trigger: Trigger
    shows_key: bool


class TriggerService:
    """The triggers as callers may see and change them."""

    def __init__(self, database: Database, definitions: Definitions) -> None:
        self._database = database
        self._definitions = definitions

    async def page(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        q: str | None = None,
        pack_ref: str | None = None,
        enabled: bool | None = None,
        referencing_pack_ref: str | None = None,
    ) -> PageResult[Trigger]:
        """Return one page of the triggers that the caller sees."""
        wanted = TriggerFilter(
            q=q,
            pack_ref=pack_ref,
            enabled=enabled,
            referencing_pack_ref=referencing_pack_ref,
        )
        async with self._database.transaction() as tx:
            among = visible_triggers(caller)
            return await tx.triggers.page(request, wanted, among=among)

    async def page_of_pack(
        self, caller: Caller, request: PageRequest, pack_ref: str, q: str | None
    ) -> PageResult[Trigger]:
        """Return one page of a pack's triggers."""
        wanted = TriggerFilter(pack_ref=pack_ref, q=q)
        async with self._database.transaction() as tx:
            await visible_pack(tx, caller, pack_ref)
            among = visible_triggers(caller)
            return await tx.triggers.page(request, wanted, among=among)

    async def get(
        self, caller: Caller, ref: str, referencing_pack_ref: str | None = None
    ) -> TriggerView:
        """Return the trigger, or raise NotFound; also where a pack may not refer to it."""
        among = visible_triggers(caller)
        referable = referable_from(Trigger, referencing_pack_ref)
        if referable is not None:
            among = among & referable
        async with self._database.transaction() as tx:
            trigger = await tx.triggers.get_by_ref(ref, among=among)
            return await view_trigger(tx, caller, trigger)

    async def create(self, caller: Caller, fields: Mapping[str, Any]) -> TriggerView:
        """Make a trigger that loading its pack again leaves alone."""
        values = tidy(fields)
        _check(values)
        async with self._database.transaction() as tx:
            pack = await _home(tx, caller, values["ref"], values.pop("pack_ref", None))
            pack_ref = pack.ref if pack else None
            target = await target_in_pack(tx, caller, pack_ref, ref=values["ref"])
            caller.require(Resource.TRIGGERS, Action.CREATE, target)
            trigger = Trigger(is_adhoc=True, pack_id=pack.id if pack else None)
            write(trigger, values)
            view = await view_trigger(tx, caller, await tx.triggers.add(trigger))
        self._definitions.forget()
        return view

    async def update(
        self, caller: Caller, ref: str, changes: Mapping[str, Any]
    ) -> TriggerView:
        """Change the fields that are given; None takes a value away."""
        values = tidy(changes)
        _check(values)
        async with self._database.transaction() as tx:
            trigger = await lock_trigger(tx, caller, ref, Action.UPDATE)
            write(trigger, values)
            await tx.flush()
            view = await view_trigger(tx, caller, trigger)
        self._definitions.forget()
        return view

    async def set_enabled(
        self, caller: Caller, ref: str, *, enabled: bool
    ) -> TriggerView:
        """Let the trigger's events reach its rules, or not."""
        return await self.update(caller, ref, {"enabled": enabled})

    async def delete(self, caller: Caller, ref: str) -> None:
        """Remove the trigger; its events stay, and its rules match nothing."""
        async with self._database.transaction() as tx:
            trigger = await lock_trigger(tx, caller, ref, Action.DELETE)
            await tx.triggers.remove(trigger)
        self._definitions.forget()


async def get_trigger(
    tx: Transaction, caller: Caller, ref: str, act: Action
) -> Trigger:
    """Return the trigger for what the caller may do with it."""
    seen = await tx.triggers.get_by_ref(ref, among=visible_triggers(caller))
    caller.require(Resource.TRIGGERS, act, await target_of(tx, caller, seen))
    return seen


async def lock_trigger(
    tx: Transaction, caller: Caller, ref: str, act: Action
) -> Trigger:
    """Return the trigger for a change that the caller may make."""
    return await tx.triggers.lock((await get_trigger(tx, caller, ref, act)).id)


async def target_of(tx: Transaction, caller: Caller, trigger: Trigger) -> Target:
    """Return the facts that constraints are held against."""
    return await target_in_pack(
        tx, caller, trigger.pack_ref, ref=trigger.ref, id=trigger.id
    )


async def view_trigger(
    tx: Transaction, caller: Caller, trigger: Trigger
) -> TriggerView:
    """Return the trigger as the caller sees it."""
    target = await target_of(tx, caller, trigger)
    may_update = caller.may(Resource.TRIGGERS, Action.UPDATE, target)
    may_emit = caller.may(Resource.EVENTS, Action.CREATE, target)
    return TriggerView(trigger=trigger, shows_key=may_update or may_emit)


async def _home(
    tx: Transaction, caller: Caller, ref: str, pack_ref: str | None
) -> Pack | None:
    """Return the pack that the ref names; one that nobody has is no pack at all."""
    if pack_ref is not None:
        pack = await visible_pack(tx, caller, pack_ref)
        check_ref(ref, pack.ref)
        return pack
    named = ref.partition(".")[0]
    check_ref(ref, named)
    if await tx.packs.find_by_ref(Ref.parse(ref).pack) is None:
        return None
    return await visible_pack(tx, caller, named)


def _check(values: Mapping[str, Any]) -> None:
    problems = [
        problem
        for name in ("param_schema", "out_schema")
        for problem in check_schema(values.get(name) or {}, name)
    ]
    if problems:
        raise InvalidInput("The trigger is not valid", problems=problems)
