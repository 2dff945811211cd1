"""Events: written once, matched against the rules of their trigger, listed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Row,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from attune.db.models.event import Event
from attune.db.repositories.base import Repository, equals, present
from attune.db.repositories.listing import page_of_columns
from attune.db.repositories.requested import enforce
from attune.db.visibility import Columns, in_visible_pack, visible
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Caller, Resource

# A repeated key makes no second event: nothing comes back then.
_INSERT = text("""
    INSERT INTO attune.event (
        trigger_ref, payload, config, source_ref, rule, trace_tag,
        idempotency_key, idempotency_hash
    )
    VALUES (
        :trigger_ref, :payload, :config, :source_ref, :rule_id, :trace_tag,
        :idempotency_key, :idempotency_hash
    )
    ON CONFLICT (trigger_ref, idempotency_key) WHERE idempotency_key IS NOT NULL
    DO NOTHING
    RETURNING id, created
""").bindparams(bindparam("payload", type_=JSONB), bindparam("config", type_=JSONB))

_FIND_BY_KEY = text("""
    SELECT id, created, idempotency_hash
    FROM attune.event
    WHERE trigger_ref = :trigger_ref AND idempotency_key = :idempotency_key
""")

_NOTE_MATCHES = text("""
    UPDATE attune.event SET matches = :matches WHERE id = :id
""").bindparams(bindparam("matches", type_=JSONB))

# Every enabled rule of an enabled trigger, with all that matching it needs.
_RULES = text("""
    SELECT
        r.id, r.ref, r.conditions, r.condition, r.action_params,
        r.permission_set_refs, r.owner_identity, r.trace_tag_template,
        p.config AS pack_config,
        a.id AS action_id, a.ref AS action_ref, a.pack_ref AS action_pack_ref,
        a.runtime_ref, a.enabled AS action_enabled, a.param_schema,
        a.timeout_seconds,
        COALESCE(rt.execution_config, '{}') <> '{}'
            OR a.workflow_def IS NOT NULL
            OR a.ref = 'core.ask' AS is_executable
    FROM attune.rule AS r
    JOIN attune.trigger AS t ON t.id = r.trigger
    JOIN attune.pack AS p ON p.id = r.pack
    LEFT JOIN attune.action AS a ON a.id = r.action
    LEFT JOIN attune.runtime AS rt ON rt.id = a.runtime
    WHERE t.ref = :trigger_ref AND t.enabled AND r.enabled
    ORDER BY r.id
""")

_NOTE_RULE_ERROR = text("""
    UPDATE attune.rule SET last_error = :error, last_error_at = now() WHERE id = :id
""")

# Deliveries of one trigger take turns here, so that no two see the same count. The
# n-th newest is found by walking n entries of an index, however many there are.
_TAKE_TURN = text("SELECT pg_advisory_xact_lock(hashtext(:trigger_ref), 1)")
_NTH_NEWEST_AGE = text("""
    SELECT extract(epoch FROM clock_timestamp() - created)::float8
    FROM attune.event
    WHERE trigger_ref = :trigger_ref AND source_ref = :source_ref
    ORDER BY id DESC
    OFFSET :skipped
    LIMIT 1
""")

COLUMNS = Columns(
    pack_ref=func.split_part(Event.trigger_ref, ".", 1),
    ref=Event.trigger_ref,
    id=Event.id,
)
"""What constraints on events are held against: they belong to their trigger."""

_SUMMARY = select(
    Event.id,
    Event.trigger_id.label("trigger"),
    Event.trigger_ref,
    Event.source_id.label("source"),
    Event.source_ref,
    Event.rule_id.label("rule"),
    Event.rule_ref,
    Event.trace_tag,
    literal_column("attune.event.payload NOT IN ('{}', 'null')", Boolean).label(
        "has_payload"
    ),
    Event.created,
)


@dataclass(frozen=True, kw_only=True)
class EventFilter:
    """Which events are wanted; None means any."""

    trigger_id: int | None = None
    trigger_ref: str | None = None
    rule_ref: str | None = None
    source_id: int | None = None
    trace_tag: str | None = None


def visible_events(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which an event exists for the caller.

    One that is meant for a single rule is that rule's business: a timer's trigger is
    everybody's, its events are not.
    """
    rule_pack = func.split_part(Event.rule_ref, ".", 1)
    for_all = or_(Event.rule_ref.is_(None), in_visible_pack(caller, rule_pack))
    return and_(visible(caller, Resource.EVENTS, COLUMNS), for_all)


class EventRepository(Repository[Event]):
    """The events of the platform, and what the rules make of them."""

    model = Event

    async def insert(self, values: Mapping[str, Any]) -> Row[Any] | None:
        """Write an event; None when its key was used before."""
        return (await self._session.execute(_INSERT, dict(values))).one_or_none()

    async def find_by_key(self, trigger_ref: str, key: str) -> Row[Any]:
        """Return id, creation and hash of the event that used this key."""
        values = {"trigger_ref": trigger_ref, "idempotency_key": key}
        return (await self._session.execute(_FIND_BY_KEY, values)).one()

    async def note_matches(self, event_id: int, matches: list[Any]) -> None:
        """Keep which rules were considered and what came of it."""
        await self._session.execute(_NOTE_MATCHES, {"id": event_id, "matches": matches})

    async def rules_for(self, trigger_ref: str) -> Sequence[Row[Any]]:
        """Return the rules that an event of this trigger is offered to."""
        rows = await self._session.execute(_RULES, {"trigger_ref": trigger_ref})
        return rows.all()

    async def note_rule_error(self, rule_id: int, error: str) -> None:
        """Show on the rule why it could not be evaluated."""
        await self._session.execute(_NOTE_RULE_ERROR, {"id": rule_id, "error": error})

    async def enforce(
        self,
        event_id: int,
        matches: Sequence[Any],
        pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
    ) -> dict[str, int]:
        """Note the matches, and write enforcements, each with its execution.

        Returns the executions by the ref of their rule; one that was disabled or
        deleted a moment ago has none.
        """
        return await enforce(self._session, event_id, matches, pairs)

    async def nth_newest_age(
        self, trigger_ref: str, source_ref: str, n: int
    ) -> float | None:
        """Return the seconds since the n-th newest event from a source, if there is one.

        Whoever asks this of the same trigger at the same time waits for our commit.
        """
        await self._session.execute(_TAKE_TURN, {"trigger_ref": trigger_ref})
        values = {"trigger_ref": trigger_ref, "source_ref": source_ref}
        age: float | None = await self._session.scalar(
            _NTH_NEWEST_AGE, {**values, "skipped": n - 1}
        )
        return age

    async def page(
        self,
        request: PageRequest,
        wanted: EventFilter,
        *,
        among: ColumnElement[bool] | None = None,
    ) -> PageResult[Row[Any]]:
        """Return one page, newest first, without payloads."""
        conditions = present(
            equals(Event.trigger_id, wanted.trigger_id),
            equals(Event.trigger_ref, wanted.trigger_ref),
            equals(Event.rule_ref, wanted.rule_ref),
            equals(Event.source_id, wanted.source_id),
            equals(Event.trace_tag, wanted.trace_tag),
            among,
        )
        return await page_of_columns(
            self._session, request, _SUMMARY, conditions, Event.id.desc()
        )
