"""Take events in: one transaction from their arrival to requested executions.

What is answered is committed; an idempotency key makes a repeated event the same one.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

from attune.db.database import Transaction
from attune.domain.errors import AttuneError, Conflict, InvalidInput, Unavailable
from attune.domain.json import Json, JsonObject
from attune.security.encryption import Encryption
from attune.services.event.matching import EventFacts
from attune.services.event.offering import Offering, WrittenEvent
from attune.services.event.payload_book import PayloadBook
from attune.services.event.rulebook import Rulebook


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
    key_names_content: bool = False
    """Whatever comes with the key is the same event: its sender vouches for it."""
    may_be_refused: bool = True
    """False for what the platform tells itself: nobody could send it better."""


@dataclass(frozen=True, kw_only=True)
class AcceptedEvent:
    """An event on record."""

    id: int
    created: datetime
    trigger_ref: str
    is_repeated: bool = False
    """The key was used before: this is the event of then."""


Outcome: TypeAlias = AcceptedEvent | AttuneError


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """A new event and what is wrong with its payload."""

    new: NewEvent
    problems: list[str]
    refusal: AttuneError | None
    row: Any = None
    """Id and creation, once it is written."""


class Intake:
    """Writes events and what the rules make of them, within somebody's transaction."""

    def __init__(
        self,
        rulebook: Rulebook,
        encryption: Encryption,
        payloads: PayloadBook | None = None,
    ) -> None:
        self._offering = Offering(rulebook, encryption)
        self._payloads = payloads or PayloadBook(remembers=False)

    async def accept(self, tx: Transaction, new: NewEvent) -> AcceptedEvent:
        """Write the event, its enforcements and their executions.

        Raises Conflict when the idempotency key came with another event before, and
        InvalidInput when the trigger refuses such a payload.
        """
        [outcome] = await self.accept_all(tx, [new])
        if isinstance(outcome, AttuneError):
            raise outcome
        return outcome

    async def accept_all(
        self, tx: Transaction, news: Sequence[NewEvent]
    ) -> list[Outcome]:
        """Write events in as many statements as one takes; answers stand in order.

        What is wrong with one of them is its answer, and nothing to the others.
        """
        drafts = await _insert(tx, [await self._draft(tx, new) for new in news])
        known = await _known(tx, [d.new for d in drafts if d.row is None])
        await self._offering.offer_all(tx, _written(drafts))
        return [_outcome(draft, known) for draft in drafts]

    async def _draft(self, tx: Transaction, new: NewEvent) -> _Draft:
        rule = await self._payloads.rule_for(tx, new.trigger_ref)
        problems = rule.problems(new.payload)
        # As with rules: many events must not keep everybody else waiting.
        await asyncio.sleep(0)
        refusal = None
        if problems and rule.refuses and new.may_be_refused:
            refusal = InvalidInput(
                f"The payload is not what events of {new.trigger_ref} hold",
                problems=problems,
            )
        return _Draft(new=new, problems=problems, refusal=refusal)


async def _insert(tx: Transaction, drafts: Sequence[_Draft]) -> list[_Draft]:
    """Write what is not refused; what has no row after it is repeated, or refused."""
    writable = [draft for draft in drafts if draft.refusal is None]
    if not writable:
        return list(drafts)
    rows = iter(await tx.events.insert_all([_values(draft) for draft in writable]))
    return [
        replace(draft, row=next(rows)) if draft.refusal is None else draft
        for draft in drafts
    ]


def _written(drafts: Sequence[_Draft]) -> list[WrittenEvent]:
    return [
        WrittenEvent(
            facts=EventFacts(
                id=draft.row.id,
                trigger_ref=draft.new.trigger_ref,
                payload=draft.new.payload,
                created=draft.row.created,
            ),
            rule_id=draft.new.rule_id,
            trace_tag=draft.new.trace_tag,
        )
        for draft in drafts
        if draft.row is not None
    ]


async def _known(
    tx: Transaction, news: Sequence[NewEvent]
) -> Mapping[tuple[str, str], Any]:
    keys = {
        (new.trigger_ref, new.idempotency_key)
        for new in news
        if new.idempotency_key is not None
    }
    return await tx.events.find_by_keys(keys) if keys else {}


def _outcome(draft: _Draft, known: Mapping[tuple[str, str], Any]) -> Outcome:
    new, row = draft.new, draft.row
    if row is not None:
        return AcceptedEvent(
            id=row.id, created=row.created, trigger_ref=new.trigger_ref
        )
    earlier = known.get((new.trigger_ref, new.idempotency_key or ""))
    if earlier is None:
        return draft.refusal or Unavailable("The event of this key is being deleted")
    if earlier.idempotency_hash != _fingerprint(new):
        return Conflict("This idempotency key was used before with another event")
    return AcceptedEvent(
        id=earlier.id,
        created=earlier.created,
        trigger_ref=new.trigger_ref,
        is_repeated=True,
    )


def _values(draft: _Draft) -> dict[str, Any]:
    new = draft.new
    has_key = new.idempotency_key is not None
    return {
        "trigger_ref": new.trigger_ref,
        "payload": new.payload,
        "payload_problems": draft.problems,
        "config": new.config,
        "source_ref": new.source_ref,
        "rule": new.rule_id,
        "trace_tag": new.trace_tag,
        "idempotency_key": new.idempotency_key,
        "idempotency_hash": _fingerprint(new) if has_key else None,
    }


def _fingerprint(new: NewEvent) -> str:
    content = None if new.key_names_content else new.payload
    said = json.dumps([new.trigger_ref, content, new.rule_id], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()
