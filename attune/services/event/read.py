"""Look at events, and at what the rules made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attune.db.database import Database, Transaction
from attune.db.models.event import Event
from attune.db.repositories.event import EventFilter, visible_events
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource
from attune.services.component import target_in_pack
from attune.services.event.matching import LEFT_OUT

MASKED_KEY = "***"


@dataclass(frozen=True, kw_only=True)
class EventView:
    """An event as one caller may see it."""

    event: Event
    config: Mapping[str, Any]
    matches: Sequence[Mapping[str, Any]]
    """The rules it was offered to, as far as the caller sees them."""
    left_out: int = 0
    """How many more there were."""


class EventReadService:
    """Events as callers may see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        trigger_id: int | None = None,
        trigger_ref: str | None = None,
        rule_ref: str | None = None,
        source_id: int | None = None,
        trace_tag: str | None = None,
    ) -> PageResult[Any]:
        """Return one page of the events the caller may see, without payloads."""
        wanted = EventFilter(
            trigger_id=trigger_id,
            trigger_ref=trigger_ref,
            rule_ref=rule_ref,
            source_id=source_id,
            trace_tag=trace_tag,
        )
        async with self._database.transaction() as tx:
            among = visible_events(caller)
            return await tx.events.page(request, wanted, among=among)

    async def get(self, caller: Caller, event_id: int) -> EventView:
        """Return the event, or raise NotFound."""
        async with self._database.transaction() as tx:
            event = await tx.events.get(event_id, among=visible_events(caller))
            return await view_event(tx, caller, event)


async def view_event(tx: Transaction, caller: Caller, event: Event) -> EventView:
    """Return the event without what the caller must not see of it."""
    return EventView(
        event=event,
        config=await _shown_config(tx, caller, event),
        matches=await _visible_matches(tx, caller, event),
        left_out=sum(note.get(LEFT_OUT, 0) for note in event.matches[-1:]),
    )


async def _shown_config(
    tx: Transaction, caller: Caller, event: Event
) -> Mapping[str, Any]:
    """Return where it came from; its webhook's key only to those who rule over it."""
    trigger_ref = event.trigger_ref
    if "webhook_key" not in event.config:
        return event.config
    pack_ref = trigger_ref.partition(".")[0]
    target = await target_in_pack(tx, caller, pack_ref, ref=trigger_ref)
    if caller.may(Resource.TRIGGERS, Action.UPDATE, target):
        return event.config
    return {**event.config, "webhook_key": MASKED_KEY}


async def _visible_matches(
    tx: Transaction, caller: Caller, event: Event
) -> Sequence[Mapping[str, Any]]:
    told = [note for note in event.matches if LEFT_OUT not in note]
    if not told:
        return []
    seen = await tx.rules.visible_refs({note["rule_ref"] for note in told}, caller)
    return [note for note in told if note["rule_ref"] in seen]
