"""Take an event in: one transaction from its arrival to requested executions.

What is answered is committed; an idempotency key makes a repeated event the same one.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from attune.clock import utc_now
from attune.db.database import Transaction
from attune.domain.enforcement import EnforcementStatus
from attune.domain.errors import Conflict
from attune.domain.json import Json, JsonObject
from attune.domain.schema import redact
from attune.security.encryption import Encryption
from attune.services.event.matching import EventFacts, Match, offer
from attune.services.event.rulebook import CompiledRule, Rulebook
from attune.services.execution.row import (
    Origin,
    PreparedExecution,
    Terms,
    prepare_execution,
)
from attune.services.execution.write import write_secrets


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """Something that happened."""

    trigger_ref: str
    payload: Json = field(default_factory=dict)
    config: JsonObject = field(default_factory=dict)
    source_ref: str | None = None
    rule_id: int | None = None
    """The only rule it is meant for."""
    trace_tag: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class AcceptedEvent:
    """An event on record."""

    id: int
    created: datetime
    is_repeated: bool = False
    """The key was used before: this is the event of then."""


class Intake:
    """Writes events and what the rules make of them, within somebody's transaction."""

    def __init__(self, rulebook: Rulebook, encryption: Encryption) -> None:
        self._rulebook = rulebook
        self._encryption = encryption

    async def accept(self, tx: Transaction, new: NewEvent) -> AcceptedEvent:
        """Write the event, its enforcements and their executions.

        Raises Conflict when the idempotency key came with another event before.
        """
        row = await tx.events.insert(_values(new))
        if row is None:
            return await _repeated(tx, new)
        event = EventFacts(
            id=row.id,
            trigger_ref=new.trigger_ref,
            payload=new.payload,
            created=row.created,
        )
        await self._match(tx, new, event)
        return AcceptedEvent(id=row.id, created=row.created)

    async def _match(self, tx: Transaction, new: NewEvent, event: EventFacts) -> None:
        rules = await self._rulebook.rules_for(tx, new.trigger_ref, self._encryption)
        matches = [
            offer(rule, event)
            for rule in rules
            if new.rule_id is None or rule.id == new.rule_id
        ]
        if not matches:
            return
        await self._note_errors(tx, matches)
        notes = [match.note() for match in matches]
        starting = {match.rule.ref: match for match in matches if match.matched}
        if starting:
            await self._enforce(tx, new, event, notes, list(starting.values()))
        else:
            await tx.events.note_matches(event.id, notes)

    async def _note_errors(self, tx: Transaction, matches: Sequence[Match]) -> None:
        """Show errors on their rules; the same one again is no news.

        Every event would wait for the one before it, to write what is there already.
        """
        for match in matches:
            error = match.error
            if error is not None and self._rulebook.is_news(match.rule, error):
                await tx.events.note_rule_error(match.rule.id, error)

    async def _enforce(
        self,
        tx: Transaction,
        new: NewEvent,
        event: EventFacts,
        notes: Sequence[Mapping[str, Any]],
        matches: Sequence[Match],
    ) -> None:
        prepared = {match.rule.ref: _execution(match, new) for match in matches}
        pairs = [
            (_enforcement(match, new), prepared[match.rule.ref].row)
            for match in matches
        ]
        ids = await tx.events.enforce(event.id, notes, pairs)
        written = [(ids[ref], prepared[ref]) for ref in ids]
        await write_secrets(tx, self._encryption, written)


async def _repeated(tx: Transaction, new: NewEvent) -> AcceptedEvent:
    key = new.idempotency_key or ""
    row = await tx.events.find_by_key(new.trigger_ref, key)
    if row.idempotency_hash != _fingerprint(new):
        raise Conflict("This idempotency key was used before with another event")
    return AcceptedEvent(id=row.id, created=row.created, is_repeated=True)


def _values(new: NewEvent) -> dict[str, Any]:
    has_key = new.idempotency_key is not None
    return {
        "trigger_ref": new.trigger_ref,
        "payload": new.payload,
        "config": new.config,
        "source_ref": new.source_ref,
        "rule_id": new.rule_id,
        "trace_tag": new.trace_tag,
        "idempotency_key": new.idempotency_key,
        "idempotency_hash": _fingerprint(new) if has_key else None,
    }


def _fingerprint(new: NewEvent) -> str:
    said = json.dumps([new.trigger_ref, new.payload, new.rule_id], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _enforcement(match: Match, new: NewEvent) -> Mapping[str, Any]:
    rule = match.rule
    return {
        "rule": rule.id,
        "rule_ref": rule.ref,
        "trigger_ref": new.trigger_ref,
        "config": _masked(match, rule),
        "status": EnforcementStatus.PROCESSED,
        "condition": rule.condition,
        "conditions": rule.conditions,
        "trace_tag": match.trace_tag or new.trace_tag,
    }


def _execution(match: Match, new: NewEvent) -> PreparedExecution:
    rule = match.rule
    return prepare_execution(
        match.action(),
        match.parameters or {},
        Origin(
            executor_id=rule.owner_id,
            rule_ref=rule.ref,
            trigger_ref=new.trigger_ref,
            trace_tag=match.trace_tag or new.trace_tag,
        ),
        Terms(permission_set_refs=rule.permission_set_refs),
        now=utc_now(),
    )


def _masked(match: Match, rule: CompiledRule) -> JsonObject:
    """Return the rendered parameters without the values of secret ones."""
    schema = rule.action.param_schema if rule.action else {}
    return redact(schema, match.parameters or {})
