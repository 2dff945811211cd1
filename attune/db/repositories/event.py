"""Events: written once, matched against the rules of their trigger, listed."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Row,
    and_,
    func,
    literal_column,
    select,
    text,
)

from attune.db.models.event import Event
from attune.db.repositories.base import Repository, equals, present
from attune.db.repositories.listing import page_of_columns
from attune.db.repositories.requested import enforce, notes_document
from attune.db.visibility import Columns, in_visible_home, permitted
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource

# A repeated key makes no second event. The ids are taken before, in the order of the
# rows: what was written and what was not can be told apart by nothing else. Two that
# write the same keys take them in the same order, lest each wait for the other.
_INSERT = text("""
    WITH given AS MATERIALIZED (
        SELECT
            w.place, nextval('attune.event_id_seq') AS new_id, x.trigger_ref,
            coalesce(x.payload, 'null') AS payload, x.payload_problems, x.config,
            x.source_ref, x.rule, x.trace_tag, x.idempotency_key, x.idempotency_hash
        FROM jsonb_array_elements(CAST(:rows AS jsonb)) WITH ORDINALITY AS w (x, place)
        CROSS JOIN LATERAL jsonb_populate_record(NULL::attune.event, w.x) AS x
        ORDER BY w.place
    ),
    written AS (
        INSERT INTO attune.event (
            id, trigger_ref, payload, payload_problems, config, source_ref, rule,
            trace_tag, idempotency_key, idempotency_hash
        )
        SELECT
            new_id, trigger_ref, payload, payload_problems, config, source_ref, rule,
            trace_tag, idempotency_key, idempotency_hash
        FROM given
        ORDER BY trigger_ref, idempotency_key, place
        ON CONFLICT (trigger_ref, idempotency_key) WHERE idempotency_key IS NOT NULL
        DO NOTHING
        RETURNING id, created
    )
    SELECT written.id, written.created
    FROM given
    LEFT JOIN written ON written.id = given.new_id
    ORDER BY given.place
""")

_FIND_BY_KEYS = text("""
    SELECT id, created, trigger_ref, idempotency_key, idempotency_hash
    FROM attune.event
    WHERE (trigger_ref, idempotency_key) IN (
        SELECT t, k FROM unnest(CAST(:refs AS text[]), CAST(:keys AS text[])) AS w (t, k)
    )
""")

_NOTE_MATCHES = text("""
    UPDATE attune.event
    SET matches = w.note -> 'matches'
    FROM jsonb_array_elements(CAST(:notes AS jsonb)) AS w (note)
    WHERE id = CAST(w.note ->> 'event' AS bigint)
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
    owner_identity_id=Event.owner_identity_id,
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
    literal_column("attune.event.payload_problems <> '[]'", Boolean).label(
        "has_payload_problems"
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
    return and_(
        in_visible_home(caller, Event.home_pack_id, Event.owner_identity_id),
        permitted(caller, Resource.EVENTS, Action.READ, COLUMNS),
    )


class EventRepository(Repository[Event]):
    """The events of the platform, and what the rules make of them."""

    model = Event

    async def insert_all(
        self, rows: Sequence[Mapping[str, Any]]
    ) -> list[Row[Any] | None]:
        """Write events and return id and creation of each, in order.

        None stands for one whose key was used before.
        """
        found = await self._session.execute(_INSERT, {"rows": json.dumps(rows)})
        return [row if row.id is not None else None for row in found]

    async def find_by_keys(
        self, keys: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], Row[Any]]:
        """Return id, creation and hash of the events of these triggers and keys."""
        values = {"refs": [ref for ref, _ in keys], "keys": [key for _, key in keys]}
        rows = await self._session.execute(_FIND_BY_KEYS, values)
        return {(row.trigger_ref, row.idempotency_key): row for row in rows}

    async def note_matches(self, notes: Mapping[int, Sequence[Any]]) -> None:
        """Keep which rules were considered, by event, and what came of it."""
        await self._session.execute(_NOTE_MATCHES, {"notes": notes_document(notes)})

    async def enforce(
        self,
        notes: Mapping[int, Sequence[Any]],
        pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
    ) -> dict[tuple[int, str], int]:
        """Note the matches, and write enforcements, each with its execution.

        Returns the executions by their event and the ref of their rule; one that was
        disabled or deleted a moment ago has none.
        """
        return await enforce(self._session, notes, pairs)

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
