"""Emit an event directly: sensors, executions, and people who may (contract, g.3)."""

import re
from dataclasses import dataclass, field
from typing import Final

from attune.db.database import Database, Transaction
from attune.db.models.trigger import Trigger
from attune.db.repositories.trigger import known_triggers
from attune.domain.errors import InvalidInput
from attune.domain.json import Json, JsonObject
from attune.domain.permission import Action, Caller, Resource, TokenType
from attune.services.event.idempotency import namespaced_key
from attune.services.event.intake import Intake, NewEvent
from attune.services.event.read import EventView, view_event
from attune.services.trigger import target_of

_RULE_INSTANCE: Final = re.compile(r"rule_([0-9]{1,19})\Z")
_RESERVED: Final = "snapshot"
"""The key of an event's config that the database fills."""


@dataclass(frozen=True, kw_only=True)
class Emission:
    """What somebody says has happened."""

    trigger_ref: str
    payload: Json = field(default_factory=dict)
    config: JsonObject = field(default_factory=dict)
    trigger_instance_id: str | None = None
    trace_tag: str | None = None
    idempotency_key: str | None = None


class EmitService:
    """Takes events from those who may emit them."""

    def __init__(self, database: Database, intake: Intake) -> None:
        self._database = database
        self._intake = intake

    async def emit(self, caller: Caller, emission: Emission) -> EventView:
        """Put the event on record, with what the rules make of it.

        A key that the caller used before returns the event of then.
        """
        async with self._database.transaction() as tx:
            among = known_triggers(caller)
            trigger = await tx.triggers.get_by_ref(emission.trigger_ref, among=among)
            caller.require(Resource.EVENTS, Action.CREATE, target_of(trigger))
            new = NewEvent(
                trigger_ref=trigger.ref,
                payload=emission.payload,
                config=_config(caller, emission),
                source_ref=_source(caller, trigger),
                rule_id=await _addressee(tx, trigger, emission.trigger_instance_id),
                trace_tag=emission.trace_tag,
                idempotency_key=_key(caller, emission.idempotency_key),
            )
            accepted = await self._intake.accept(tx, new)
            return await view_event(tx, caller, await tx.events.get(accepted.id))


def _config(caller: Caller, emission: Emission) -> JsonObject:
    """Return where the event came from, as far as the sender's word goes, and beyond."""
    said = {k: v for k, v in emission.config.items() if k != _RESERVED}
    emitted_by: JsonObject = {"login": caller.login, "token_type": caller.token_type}
    if caller.execution_id is not None:
        emitted_by["execution"] = caller.execution_id
    return {"source": caller.token_type.value, **said, "emitted_by": emitted_by}


def _source(caller: Caller, trigger: Trigger) -> str | None:
    return trigger.sensor_ref if caller.token_type is TokenType.SENSOR else None


def _key(caller: Caller, key: str | None) -> str | None:
    if key is None:
        return None
    return namespaced_key(f"api:{caller.token_type}:{caller.login}", key)


async def _addressee(
    tx: Transaction, trigger: Trigger, instance: str | None
) -> int | None:
    """Return the only rule that the event is meant for."""
    named = _RULE_INSTANCE.match(instance or "")
    if named is None:
        return None
    rule = await tx.rules.find(int(named[1]))
    if rule is None or rule.trigger_ref != trigger.ref:
        raise InvalidInput(
            f"trigger_instance_id: {instance} names no rule of {trigger.ref}"
        )
    return rule.id
