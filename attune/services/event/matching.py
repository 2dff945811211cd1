"""Offer one event to one rule: does it match, and what would be executed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from attune.domain.errors import Conflict, InvalidInput
from attune.domain.executable import ExecutableAction
from attune.domain.json import Json, JsonObject
from attune.domain.template import render
from attune.services.event.rulebook import CompiledRule

LONGEST_REASON = 500


@dataclass(frozen=True, kw_only=True)
class EventFacts:
    """What rules can see of an event."""

    id: int
    trigger_ref: str
    payload: Json
    created: datetime

    def scope(self) -> dict[str, Json]:
        """Return the `event` of expressions (contract, f.2)."""
        return {
            "id": self.id,
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
    parameters: JsonObject | None = None
    trace_tag: str | None = None

    def action(self) -> ExecutableAction:
        """Return what is to be executed; a rule without an action never matches."""
        if self.rule.action is None:
            raise Conflict("The rule's action is gone")
        return self.rule.action

    def note(self) -> dict[str, Any]:
        """Return the small record that the event keeps."""
        note = {
            "rule": self.rule.id,
            "rule_ref": self.rule.ref,
            "matched": self.matched,
            "decided_by": _short(self.decided_by),
            "error": _short(self.error),
        }
        return {name: value for name, value in note.items() if value is not None}


def offer(rule: CompiledRule, event: EventFacts) -> Match:
    """Evaluate the rule; whatever goes wrong makes it not match, and is told."""
    if rule.compiled is None:
        return Match(rule=rule, matched=False, error=rule.problem)
    scope = _scope(rule, event)
    decision = rule.compiled.matches(scope)
    if decision.error is not None or not decision.matched:
        return Match(
            rule=rule,
            matched=False,
            decided_by=decision.decided_by,
            error=decision.error,
        )
    obstacle = _obstacle(rule.action)
    if obstacle is not None:
        return Match(rule=rule, matched=False, error=obstacle)
    return _rendered(rule, scope, decision.decided_by)


def _obstacle(action: ExecutableAction | None) -> str | None:
    """Return why nothing can be started, if so."""
    if action is None:
        return "The rule's action is gone"
    return None if action.enabled else f"Action {action.ref} is disabled"


def _rendered(
    rule: CompiledRule, scope: Mapping[str, Json], decided_by: str | None
) -> Match:
    try:
        parameters = render(rule.action_params, scope)
        trace_tag = render(rule.trace_tag_template, scope)
    except InvalidInput as error:
        return Match(rule=rule, matched=False, error=f"action_params: {error.message}")
    return Match(
        rule=rule,
        matched=True,
        decided_by=decided_by,
        parameters=parameters if isinstance(parameters, dict) else {},
        trace_tag=str(trace_tag)[:255] if trace_tag is not None else None,
    )


def _scope(rule: CompiledRule, event: EventFacts) -> dict[str, Json]:
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
