"""Offer written events to the rules of their triggers, and write what those start."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from attune.clock import utc_now
from attune.db.database import Transaction
from attune.domain.enforcement import EnforcementStatus
from attune.domain.json import JsonObject
from attune.domain.schema import redact
from attune.security.encryption import Encryption
from attune.services.event.matching import (
    EventFacts,
    Match,
    Rendered,
    notes_of,
    offer_all,
)
from attune.services.event.rulebook import CompiledRule, Rulebook
from attune.services.execution.references import referring_names
from attune.services.execution.row import (
    Origin,
    PreparedExecution,
    Terms,
    prepare_execution,
)
from attune.services.execution.write import write_secrets

_STARTED_AT_ONCE: Final = 500


@dataclass(frozen=True, kw_only=True)
class WrittenEvent:
    """An event on record that no rule has seen yet."""

    facts: EventFacts
    rule_id: int | None
    """The only rule it is meant for."""
    trace_tag: str | None


@dataclass(frozen=True, kw_only=True)
class _Offered:
    """A written event and what came of offering it to the rules."""

    event: WrittenEvent
    matches: Sequence[Match]

    @property
    def id(self) -> int:
        return self.event.facts.id

    @property
    def starting(self) -> Sequence[Match]:
        return [match for match in self.matches if match.matched]


class Offering:
    """Lets rules see events, within somebody's transaction."""

    def __init__(self, rulebook: Rulebook, encryption: Encryption) -> None:
        self._rulebook = rulebook
        self._encryption = encryption

    async def offer_all(self, tx: Transaction, events: Sequence[WrittenEvent]) -> None:
        """Write enforcements and executions of all that matches, many at a time."""
        offered = [await self._offer(tx, event) for event in events]
        considered = [each for each in offered if each.matches]
        await self._note_errors(tx, [m for each in considered for m in each.matches])
        for part in _parts(considered):
            if any(each.starting for each in part):
                await self._enforce(tx, part)
            else:
                await tx.events.note_matches(_notes(part))

    async def _offer(self, tx: Transaction, event: WrittenEvent) -> _Offered:
        trigger_ref = event.facts.trigger_ref
        rules = await self._rulebook.rules_for(tx, trigger_ref, self._encryption)
        asked = [rule for rule in rules if event.rule_id in (None, rule.id)]
        matches = await offer_all(asked, event.facts)
        # Many events one after another must not keep everybody else waiting.
        await asyncio.sleep(0)
        return _Offered(event=event, matches=matches)

    async def _note_errors(self, tx: Transaction, matches: Sequence[Match]) -> None:
        """Show errors on their rules; the same one again is no news.

        Every event would wait for the one before it, to write what is there already.
        Rules are taken in one order, so that no two wait for each other.
        """
        for match in sorted(matches, key=lambda match: match.rule.id):
            error = match.short_error
            if error is not None and self._rulebook.is_news(match.rule, error):
                await tx.rules.note_error(match.rule.id, error)

    async def _enforce(self, tx: Transaction, part: Sequence[_Offered]) -> None:
        starting = [(each, match) for each in part for match in each.starting]
        prepared = {
            (each.id, match.rule.ref): _execution(match, each.event)
            for each, match in starting
        }
        pairs = [
            (_enforcement(match, each.event), prepared[each.id, match.rule.ref].row)
            for each, match in starting
        ]
        ids = await tx.events.enforce(_notes(part), pairs)
        written = [(ids[place], prepared[place]) for place in ids]
        await write_secrets(tx, self._encryption, written)


def _parts(offered: Sequence[_Offered]) -> Iterator[Sequence[_Offered]]:
    """Cut what is written into statements that all end in time."""
    part: list[_Offered] = []
    count = 0
    for each in offered:
        if part and count + len(each.starting) > _STARTED_AT_ONCE:
            yield part
            part, count = [], 0
        part.append(each)
        count += len(each.starting)
    if part:
        yield part


def _notes(offered: Sequence[_Offered]) -> Mapping[int, Sequence[Any]]:
    return {each.id: notes_of(each.matches) for each in offered}


def _enforcement(match: Match, event: WrittenEvent) -> Mapping[str, Any]:
    rule, rendered = match.rule, match.rendered or Rendered()
    return {
        "rule": rule.id,
        "rule_ref": rule.ref,
        "trigger_ref": event.facts.trigger_ref,
        "event": event.facts.id,
        "config": _masked(rule, rendered),
        "status": EnforcementStatus.PROCESSED,
        "condition": rule.condition,
        "conditions": rule.conditions,
        "trace_tag": rendered.trace_tag or event.trace_tag,
    }


def _execution(match: Match, event: WrittenEvent) -> PreparedExecution:
    rule, rendered = match.rule, match.rendered or Rendered()
    prepared = prepare_execution(
        match.action(),
        rendered.parameters,
        Origin(
            executor_id=rule.owner_id,
            rule_ref=rule.ref,
            trigger_ref=event.facts.trigger_ref,
            trace_tag=rendered.trace_tag or event.trace_tag,
        ),
        Terms(permission_set_refs=rule.permission_set_refs),
        now=utc_now(),
        referring=referring_names(rendered.references),
    )
    if not rendered.references:
        return prepared
    row = {**prepared.row, "secret_references": rendered.references}
    return PreparedExecution(row, prepared.secrets)


def _masked(rule: CompiledRule, rendered: Rendered) -> JsonObject:
    """Return the rendered parameters without the values of secret ones."""
    schema = rule.action.param_schema if rule.action else {}
    return redact(schema, rendered.parameters)
