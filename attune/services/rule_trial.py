"""Try a rule on an event: what would come of it, and why. Nothing is done."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from attune.clock import utc_now
from attune.db.database import Database, Transaction
from attune.db.repositories.event import visible_events
from attune.db.repositories.rule import visible_rules
from attune.domain.condition import Outcome
from attune.domain.errors import InvalidInput
from attune.domain.json import Json, JsonObject
from attune.domain.parameters import prepare_parameters
from attune.domain.permission import Caller
from attune.domain.schema import redact
from attune.security.encryption import Encryption
from attune.services.event.matching import (
    EventFacts,
    obstacle_of,
    render_rule,
    scope_of,
)
from attune.services.event.rulebook import CompiledRule, compile_rule
from attune.services.execution.references import referring_names


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The event that a rule is tried on: one on record, or an imagined one."""

    event_id: int | None = None
    payload: Json = None
    trigger_ref: str | None = None
    """None for the trigger of the rule."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What would come of the event."""

    rule_ref: str
    trigger_ref: str
    event: int | None
    would_match: bool = False
    decided_by: str | None = None
    error: str | None = None
    conditions: Sequence[Outcome] = ()
    action_ref: str | None = None
    action_params: JsonObject = field(default_factory=dict)
    """With secret values masked."""
    trace_tag: str | None = None
    obstacles: Sequence[str] = ()
    """What would keep the action from being executed although the rule matches."""

    @property
    def would_execute(self) -> bool:
        """Tell whether the event would lead to an execution that can run."""
        return self.would_match and not self.obstacles


class RuleTrialService:
    """Tries rules for those who may see them."""

    def __init__(self, database: Database, encryption: Encryption) -> None:
        self._database = database
        self._encryption = encryption

    async def attempt(self, caller: Caller, ref: str, sample: Sample) -> Trial:
        """Return what would come of offering the event to the rule as it is now."""
        async with self._database.transaction() as tx:
            seen = await tx.rules.get_by_ref(ref, among=visible_rules(caller))
            row = (await tx.rules.matchable_one(seen.id))._asdict()
            rule = compile_rule(row, self._encryption)
            event, addressee = await _event(tx, caller, rule, sample)
        return _attempt(rule, event, addressee)


async def _event(
    tx: Transaction, caller: Caller, rule: CompiledRule, sample: Sample
) -> tuple[EventFacts, str | None]:
    """Return the event, and the only rule it is meant for."""
    if sample.event_id is None:
        event = EventFacts(
            id=0,
            trigger_ref=sample.trigger_ref or rule.trigger_ref,
            payload=sample.payload,
            created=utc_now(),
        )
        return event, None
    row = await tx.events.get(sample.event_id, among=visible_events(caller))
    event = EventFacts(
        id=row.id,
        trigger_ref=row.trigger_ref,
        payload=row.payload,
        created=row.created,
    )
    return event, row.rule_ref


def _attempt(
    rule: CompiledRule,
    event: EventFacts,
    addressee: str | None,
) -> Trial:
    trial = Trial(
        rule_ref=rule.ref,
        trigger_ref=event.trigger_ref,
        event=event.id or None,
        action_ref=rule.action_ref,
        obstacles=_obstacles(rule, event, addressee),
    )
    if rule.compiled is None:
        return replace(trial, error=rule.problem)
    explained = rule.compiled.explain(scope_of(rule, event))
    decided = replace(
        trial,
        would_match=explained.decision.matched,
        decided_by=explained.decision.decided_by,
        error=explained.decision.error,
        conditions=explained.outcomes,
    )
    return _rendered(decided, rule, event)


def _rendered(trial: Trial, rule: CompiledRule, event: EventFacts) -> Trial:
    """Add the parameters, as they would be shown with the execution."""
    try:
        rendered = render_rule(rule, scope_of(rule, event))
    except InvalidInput as wrong:
        # Where the conditions do not hold, nobody would have come to this.
        error = wrong.message if trial.would_match else trial.error
        return replace(trial, would_match=False, error=error)
    if rule.action is None:
        return replace(trial, trace_tag=rendered.trace_tag)
    schema = rule.action.param_schema
    referring = referring_names(rendered.references)
    problem = prepare_parameters(schema, rendered.parameters, referring).problem
    return replace(
        trial,
        action_params=redact(schema, rendered.parameters),
        trace_tag=rendered.trace_tag,
        obstacles=[*trial.obstacles, problem] if problem else trial.obstacles,
    )


def _obstacles(
    rule: CompiledRule, event: EventFacts, addressee: str | None
) -> list[str]:
    found = [rule.idle, obstacle_of(rule.action)]
    if event.trigger_ref != rule.trigger_ref:
        found.append(
            f"The rule listens to {rule.trigger_ref}, and the event is of "
            f"{event.trigger_ref}"
        )
    if addressee is not None and addressee != rule.ref:
        found.append(f"The event is meant for the rule {addressee} alone")
    if rule.action is not None:
        found.append(rule.action.obstacle())
    return [obstacle for obstacle in found if obstacle is not None]
