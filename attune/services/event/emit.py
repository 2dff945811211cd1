"""Emit an event directly: sensors, executions, and people who may (contract, g.3)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from attune.db.database import Database, Transaction
from attune.db.models.rule import Rule
from attune.db.models.trigger import Trigger
from attune.db.repositories.trigger import known_triggers
from attune.domain.errors import AttuneError, InvalidInput, NotFound, TooLarge
from attune.domain.json import Json, JsonObject
from attune.domain.permission import Action, Caller, Resource, Target, TokenType
from attune.services.component import targets_in_packs
from attune.services.event.idempotency import namespaced_key
from attune.services.event.intake import Intake, NewEvent, Outcome
from attune.services.event.read import EventView, view_event
from attune.services.masks import Masks, reworded

_RULE_INSTANCE: Final = re.compile(r"rule_([0-9]{1,19})\Z")
REPLAY_OF: Final = "replay_of"
_RESERVED: Final = frozenset({"snapshot", REPLAY_OF})
"""The keys of an event's config that no sender fills."""


@dataclass(frozen=True, kw_only=True)
class Emission:
    """What somebody says has happened."""

    trigger_ref: str
    payload: Json = field(default_factory=dict)
    config: JsonObject = field(default_factory=dict)
    trigger_instance_id: str | None = None
    trace_tag: str | None = None
    idempotency_key: str | None = None


Emitted: TypeAlias = Emission | AttuneError
"""An emission, or why there is none to be read."""


class EmitService:
    """Takes events from those who may emit them."""

    def __init__(
        self, database: Database, intake: Intake, masks: Masks, *, most: int
    ) -> None:
        self._database = database
        self._intake = intake
        self._masks = masks
        self._most = most
        """How many events are taken at once."""

    async def emit(self, caller: Caller, emission: Emission) -> EventView:
        """Put the event on record, with what the rules make of it.

        A key that the caller used before returns the event of then.
        """
        async with self._database.transaction() as tx:
            [outcome] = await self._accept(tx, caller, [emission])
            if isinstance(outcome, AttuneError):
                raise outcome
            return await view_event(tx, caller, await tx.events.get(outcome.id))

    async def emit_all(
        self, caller: Caller, emissions: Sequence[Emitted]
    ) -> list[Outcome]:
        """Put events on record in one transaction; answers stand in order.

        What is wrong with one of them is its answer, and nothing to the others.
        """
        if len(emissions) > self._most:
            raise TooLarge(what="The batch", limit=self._most, unit="events")
        async with self._database.transaction() as tx:
            return await self._accept(tx, caller, emissions)

    async def _accept(
        self, tx: Transaction, caller: Caller, emissions: Sequence[Emitted]
    ) -> list[Outcome]:
        emissions = await self._masked(tx, caller, emissions)
        given = [each for each in emissions if isinstance(each, Emission)]
        desk = await _open_desk(tx, caller, given)
        drafts = [desk.draft(each) for each in emissions]
        new = [draft for draft in drafts if isinstance(draft, NewEvent)]
        accepted = iter(await self._intake.accept_all(tx, new) if new else [])
        return [
            next(accepted) if isinstance(draft, NewEvent) else draft for draft in drafts
        ]

    async def _masked(
        self, tx: Transaction, caller: Caller, emissions: Sequence[Emitted]
    ) -> Sequence[Emitted]:
        """Return what an execution says without its secrets."""
        masking = await self._masks.of(tx, caller)
        if masking is None:
            return emissions
        return [
            reworded(each, masking, "payload", "config", "trace_tag")
            if isinstance(each, Emission)
            else each
            for each in emissions
        ]


@dataclass(frozen=True, kw_only=True)
class _Desk:
    """Everything that is needed to look at the emissions of one caller."""

    caller: Caller
    triggers: Mapping[str, Trigger]
    targets: Mapping[str | None, Target]
    """What is known of the packs of the triggers, by ref."""
    rules: Mapping[int, Rule]

    def draft(self, emission: Emitted) -> NewEvent | AttuneError:
        """Return the event that is meant, or why it cannot be."""
        if isinstance(emission, AttuneError):
            return emission
        try:
            return self._draft(emission)
        except AttuneError as refused:
            return refused

    def _draft(self, emission: Emission) -> NewEvent:
        trigger = self.triggers.get(emission.trigger_ref)
        if trigger is None:
            raise NotFound(entity="trigger", ref=emission.trigger_ref)
        target = self.targets[trigger.pack_ref]
        self.caller.require(
            Resource.EVENTS,
            Action.CREATE,
            replace(target, ref=trigger.ref, id=trigger.id),
        )
        return NewEvent(
            trigger_ref=trigger.ref,
            payload=emission.payload,
            config=_config(self.caller, emission),
            source_ref=_source(self.caller, trigger),
            rule_id=self._addressee(trigger, emission.trigger_instance_id),
            trace_tag=emission.trace_tag,
            idempotency_key=key_of(self.caller, emission.idempotency_key),
        )

    def _addressee(self, trigger: Trigger, instance: str | None) -> int | None:
        """Return the only rule that the event is meant for."""
        rule_id = _rule_id(instance)
        if rule_id is None:
            return None
        rule = self.rules.get(rule_id)
        if rule is None or rule.trigger_ref != trigger.ref:
            raise InvalidInput(
                f"trigger_instance_id: {instance} names no rule of {trigger.ref}"
            )
        return rule_id


async def _open_desk(
    tx: Transaction, caller: Caller, emissions: Sequence[Emission]
) -> _Desk:
    refs = {emission.trigger_ref for emission in emissions}
    named = (_rule_id(emission.trigger_instance_id) for emission in emissions)
    rule_ids = {rule_id for rule_id in named if rule_id is not None}
    triggers = await tx.triggers.find_by_refs(refs, among=known_triggers(caller))
    rules = await tx.rules.find_all(rule_ids) if rule_ids else []
    pack_refs = [trigger.pack_ref for trigger in triggers]
    return _Desk(
        caller=caller,
        targets=await targets_in_packs(tx, caller, pack_refs),
        triggers={trigger.ref: trigger for trigger in triggers},
        rules={rule.id: rule for rule in rules},
    )


def _rule_id(instance: str | None) -> int | None:
    named = _RULE_INSTANCE.match(instance or "")
    return int(named[1]) if named else None


def _config(caller: Caller, emission: Emission) -> JsonObject:
    """Return where the event came from, as far as the sender's word goes, and beyond."""
    said = {k: v for k, v in emission.config.items() if k not in _RESERVED}
    return {"source": caller.token_type.value, **said, **emitted_by(caller)}


def emitted_by(caller: Caller) -> JsonObject:
    """Return who emits an event, as its config says it."""
    who: JsonObject = {"login": caller.login, "token_type": caller.token_type}
    if caller.execution_id is not None:
        who["execution"] = caller.execution_id
    return {"emitted_by": who}


def _source(caller: Caller, trigger: Trigger) -> str | None:
    if caller.token_type is not TokenType.SENSOR:
        return None
    return caller.sensor_ref or trigger.sensor_ref


def key_of(caller: Caller, key: str | None) -> str | None:
    """Return the idempotency key as it is kept: nobody else's is the same."""
    if key is None:
        return None
    return namespaced_key(f"api:{caller.token_type}:{caller.login}", key)
