"""Offer one event to rules: which match, why, and what would be executed."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from attune.domain.errors import Conflict, InvalidInput
from attune.domain.executable import ExecutableAction
from attune.domain.json import Json, JsonObject
from attune.domain.reference import Reference
from attune.domain.template import render
from attune.services.event.match_secret import MatchSecrets
from attune.services.event.rulebook import CompiledRule

LONGEST_REASON: Final = 300
MOST_NOTES: Final = 50
LEFT_OUT: Final = "left_out"
"""The key of a last note that counts the rules which are not told of."""
_LONGEST_TRACE_TAG: Final = 255
_TURN_SECONDS: Final = 0.02


@dataclass(frozen=True, kw_only=True)
class EventFacts:
    """What rules can see of an event."""

    id: int
    """0 for one that is only imagined."""
    trigger_ref: str
    payload: Json
    created: datetime

    def scope(self) -> dict[str, Json]:
        """Return the `event` of expressions (contract, f.2)."""
        return {
            "id": self.id or None,
            "trigger": self.trigger_ref,
            "trigger_ref": self.trigger_ref,
            "payload": self.payload,
            "created": self.created.isoformat(),
        }


@dataclass(frozen=True, kw_only=True)
class Match:
    """What came of offering an event to a rule."""

    rule: CompiledRule
    matched: bool
    decided_by: str | None = None
    error: str | None = None
    skipped: str | None = None
    """Why it was not offered the event at all."""
    rendered: "Rendered | None" = None

    def action(self) -> ExecutableAction:
        """Return what is to be executed; a rule without an action never matches."""
        if self.rule.action is None:
            raise Conflict("The rule's action is gone")
        return self.rule.action

    @property
    def short_error(self) -> str | None:
        """What went wrong, as it is kept."""
        return _short(self.error)

    def note(self) -> dict[str, Any]:
        """Return the small record that the event keeps."""
        note = {
            "rule": self.rule.id,
            "rule_ref": self.rule.ref,
            "matched": self.matched,
            "decided_by": _short(self.decided_by),
            "error": self.short_error,
            "skipped": self.skipped,
        }
        return {name: value for name, value in note.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What an event makes of the templates of a rule."""

    parameters: JsonObject = field(default_factory=dict)
    """With `***` for every secret that is referred to."""
    references: list[Reference] = field(default_factory=list)
    trace_tag: str | None = None


def notes_of(matches: Sequence[Match]) -> list[dict[str, Any]]:
    """Return what the event keeps: what matched, failed, did not match, was skipped.

    Of more rules than are kept only the number is.
    """
    told = sorted(matches, key=_importance)
    notes = [match.note() for match in told[:MOST_NOTES]]
    left_out = len(told) - len(notes)
    return [*notes, {LEFT_OUT: left_out}] if left_out else notes


def _importance(match: Match) -> tuple[bool, bool, bool]:
    return not match.matched, match.error is None, match.skipped is not None


async def offer_all(rules: Sequence[CompiledRule], event: EventFacts) -> list[Match]:
    """Offer the event to each; rules that need long let others of the process go on."""
    matches, since = [], time.monotonic()
    for rule in rules:
        matches.append(offer(rule, event))
        if time.monotonic() - since > _TURN_SECONDS:
            await asyncio.sleep(0)
            since = time.monotonic()
    return matches


def offer(rule: CompiledRule, event: EventFacts) -> Match:
    """Evaluate the rule; whatever goes wrong makes it not match, and is told."""
    if rule.idle is not None:
        return Match(rule=rule, matched=False, skipped=rule.idle)
    if rule.compiled is None:
        return Match(rule=rule, matched=False, error=rule.problem)
    scope = scope_of(rule, event)
    decision = rule.compiled.matches(scope)
    if not decision.matched:
        return Match(
            rule=rule,
            matched=False,
            decided_by=decision.decided_by,
            error=decision.error,
        )
    obstacle = obstacle_of(rule.action)
    if obstacle is not None:
        return Match(rule=rule, matched=False, error=obstacle)
    return _rendered(rule, scope, decision.decided_by)


def obstacle_of(action: ExecutableAction | None) -> str | None:
    """Return why nothing can be started, if so."""
    if action is None:
        return "The rule's action is gone"
    return None if action.enabled else f"Action {action.ref} is disabled"


def _rendered(
    rule: CompiledRule, scope: Mapping[str, Json], decided_by: str | None
) -> Match:
    try:
        rendered = render_rule(rule, scope)
    except InvalidInput as error:
        return Match(rule=rule, matched=False, error=error.message)
    return Match(rule=rule, matched=True, decided_by=decided_by, rendered=rendered)


def render_rule(rule: CompiledRule, scope: Mapping[str, Json]) -> Rendered:
    """Return the parameters and the trace tag that the event gives."""
    secrets = MatchSecrets(rule)
    try:
        parameters = render(rule.action_params, secrets.within(scope))
        trace_tag = render(rule.trace_tag_template, scope)
    except InvalidInput as error:
        raise InvalidInput(f"action_params: {error.message}") from None
    stored, references = secrets.extract(
        parameters if isinstance(parameters, dict) else {}
    )
    return Rendered(
        parameters=stored,
        references=references,
        trace_tag=None if trace_tag is None else str(trace_tag)[:_LONGEST_TRACE_TAG],
    )


def scope_of(rule: CompiledRule, event: EventFacts) -> dict[str, Json]:
    """Return the namespaces of contract f.3."""
    return {
        "event": event.scope(),
        "trigger": {"ref": event.trigger_ref, "payload": event.payload},
        "pack": {"config": rule.pack_config},
        "system": {
            "timestamp": event.created.isoformat(),
            "rule": {"id": rule.id, "ref": rule.ref},
        },
    }


def _short(text: str | None) -> str | None:
    return text if text is None else text[:LONGEST_REASON]
