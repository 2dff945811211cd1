"""Evaluate a stored event again, by the rules as they are now.

The replay is a new event, so that what the first one started stays as it was.
"""

from attune.db.database import Database, Transaction
from attune.db.models.event import Event
from attune.db.repositories.event import visible_events
from attune.db.repositories.rule import visible_rules
from attune.db.repositories.trigger import known_triggers
from attune.domain.errors import Conflict, InvalidInput
from attune.domain.permission import Action, Caller, Resource
from attune.services.event.emit import REPLAY_OF, emitted_by, key_of
from attune.services.event.intake import Intake, NewEvent
from attune.services.event.read import EventView, view_event
from attune.services.trigger import target_of


class ReplayService:
    """Repeats events for those who may read them, and may emit such events."""

    def __init__(self, database: Database, intake: Intake) -> None:
        self._database = database
        self._intake = intake

    async def replay(
        self,
        caller: Caller,
        event_id: int,
        rule_ref: str | None = None,
        idempotency_key: str | None = None,
    ) -> EventView:
        """Put the event on record once more; only a named rule is offered it, if any.

        A key that the caller used before returns the replay of then.
        """
        async with self._database.transaction() as tx:
            event = await tx.events.get(event_id, among=visible_events(caller))
            among = known_triggers(caller)
            trigger = await tx.triggers.get_by_ref(event.trigger_ref, among=among)
            target = await target_of(tx, caller, trigger)
            caller.require(Resource.EVENTS, Action.CREATE, target)
            new = NewEvent(
                trigger_ref=trigger.ref,
                payload=event.payload,
                config={
                    "source": caller.token_type.value,
                    **emitted_by(caller),
                    REPLAY_OF: event.id,
                },
                source_ref=event.source_ref,
                rule_id=await _addressee(tx, caller, event, rule_ref),
                trace_tag=event.trace_tag,
                idempotency_key=key_of(caller, idempotency_key),
                may_be_refused=False,
            )
            accepted = await self._intake.accept(tx, new)
            return await view_event(tx, caller, await tx.events.get(accepted.id))


async def _addressee(
    tx: Transaction, caller: Caller, event: Event, rule_ref: str | None
) -> int | None:
    """Return the only rule that the replay is meant for.

    An event that was meant for one rule is never offered to others.
    """
    if event.rule_ref is not None and rule_ref not in (None, event.rule_ref):
        raise InvalidInput(
            f"rule_ref: event {event.id} is meant for {event.rule_ref} alone"
        )
    if rule_ref is not None:
        rule = await tx.rules.get_by_ref(rule_ref, among=visible_rules(caller))
        if rule.trigger_ref != event.trigger_ref:
            raise InvalidInput(
                f"rule_ref: {rule_ref} listens to {rule.trigger_ref}, "
                f"and the event is of {event.trigger_ref}"
            )
        return rule.id
    if event.rule_ref is not None and event.rule_id is None:
        raise Conflict(
            f"The rule that the event was meant for is gone: {event.rule_ref}"
        )
    return event.rule_id
