"""Notifications: read in the order of their making, without a gap, and removed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
)

from attune.clock import utc_now
from attune.db.models.notification import Notification
from attune.db.models.rule import Rule
from attune.db.models.trigger import Trigger
from attune.db.repositories.base import Repository, present
from attune.db.repositories.listing import page_of_columns
from attune.db.repositories.notification_visibility import visible_notifications
from attune.domain.cursor import Cursor, Snapshot
from attune.domain.notification import (
    RULE_CHANGES,
    STATUS_KEEPERS,
    Filter,
    FilterKind,
    Notice,
    NotificationState,
)
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Caller
from attune.domain.schema import secret_names

LISTED = 100_000
"""The newest so many are listed; who follows gets all that are kept."""

_SNAPSHOT = text("SELECT CAST(pg_current_snapshot() AS text)")

_COLUMNS = (
    Notification.id,
    Notification.xact,
    Notification.entity_type,
    Notification.entity,
    Notification.activity,
    Notification.content,
    Notification.created,
)

# What came since: what the later look shows and the earlier one did not. Numbers decide
# about most rows without asking the snapshots.
_SINCE = """
    (
        xact < :target_xmin
        OR pg_visible_in_snapshot(
            CAST(CAST(xact AS text) AS xid8),
            CAST(CAST(:target AS text) AS pg_snapshot)
        )
    )
    AND (
        xact >= :base_xmax
        OR NOT pg_visible_in_snapshot(
            CAST(CAST(xact AS text) AS xid8),
            CAST(CAST(:base AS text) AS pg_snapshot)
        )
    )
"""
# The first page is found by transaction, the others go on by id from where it ended:
# the additions of nothing keep the planner from the other index.
_FIRST = text(f"xact >= :base_xmin AND xact < :target_xmax AND {_SINCE}")
_FURTHER = text(f"id > :after AND xact + 0 >= :base_xmin AND {_SINCE}")

# Rules that were told of as having left the trigger, and did not come back.
_LEFT = text("""
    SELECT DISTINCT n.entity::bigint AS id, n.content ->> 'ref' AS ref
    FROM attune.notification AS n
    WHERE
        n.entity_type = 'rule'
        AND n.entity ~ '^[0-9]{1,18}$'
        AND :trigger_ref IN (
            n.content ->> 'old_trigger_ref',
            CASE n.activity WHEN 'deleted' THEN n.content ->> 'trigger_ref' END
        )
        AND NOT EXISTS (
            SELECT FROM attune.rule AS r
            WHERE r.id = n.entity::bigint AND r.trigger_ref = :trigger_ref
        )
    ORDER BY id
""")


@dataclass(frozen=True, kw_only=True)
class NotificationFilter:
    """Which notifications are wanted; None means any."""

    filters: Collection[Filter] = ()
    """Any of these; none at all is everything."""
    state: NotificationState | None = None


class NotificationRepository(Repository[Notification]):
    """The notifications."""

    model = Notification

    async def snapshot(self) -> Snapshot:
        """Return what there is to be seen now."""
        seen = (await self._session.execute(_SNAPSHOT)).scalar_one()
        return Snapshot.parse(seen)

    async def read(
        self, cursor: Cursor, *, limit: int, filters: Collection[Filter] = ()
    ) -> tuple[list[tuple[Notice, Cursor]], Cursor]:
        """Return what the cursor does not cover, each with where it leaves a reader.

        At most `limit`; the cursor at the end says whether there may be more: then it
        has a target.
        """
        target = cursor.target or await self.snapshot()
        rows = await self._missed(cursor, target, limit + 1, filters)
        notices = [_notice(row) for row in rows[:limit]]
        placed = [(notice, _place(cursor.base, target, notice)) for notice in notices]
        if len(rows) > limit:
            return placed, placed[-1][1]
        last_id = notices[-1].id if notices else cursor.id
        end = Cursor(target, id=last_id, at=int(utc_now().timestamp()))
        if placed:
            placed[-1] = (placed[-1][0], end)
        return placed, end

    async def visible_ids(self, ids: Collection[int], caller: Caller) -> set[int]:
        """Return those of the ids whose notifications exist for the caller."""
        query = select(Notification.id).where(
            Notification.id.in_(ids), visible_notifications(caller)
        )
        return set(await self._session.scalars(query))

    async def rule_parameters(
        self, rule_ids: Collection[int]
    ) -> Mapping[int, Mapping[str, Any] | None]:
        """Return what rules give their triggers, by rule; None where that is secret."""
        query = (
            select(Rule.id, Rule.trigger_params, Trigger.param_schema)
            .outerjoin(Trigger, Trigger.id == Rule.trigger_id)
            .where(Rule.id.in_(rule_ids))
        )
        rows = await self._session.execute(query)
        return {
            row.id: open_parameters(row.trigger_params, row.param_schema)
            for row in rows
        }

    async def rules_of(self, trigger_ref: str) -> Sequence[Any]:
        """Return the rules of a trigger as they stand."""
        query = (
            select(
                Rule.id,
                Rule.ref,
                Rule.enabled,
                Rule.updated,
                Rule.trigger_params,
                Trigger.param_schema,
            )
            .outerjoin(Trigger, Trigger.id == Rule.trigger_id)
            .where(Rule.trigger_ref == trigger_ref)
            .order_by(Rule.id)
        )
        return (await self._session.execute(query)).all()

    async def rules_left(self, trigger_ref: str) -> Sequence[Row[Any]]:
        """Return the rules that the trigger once had and has no more, as far as told."""
        rows = await self._session.execute(_LEFT, {"trigger_ref": trigger_ref})
        return rows.all()

    async def page(
        self, request: PageRequest, wanted: NotificationFilter, caller: Caller
    ) -> PageResult[Row[Any]]:
        """Return one page of what the caller may see, newest first.

        Only the newest are looked at: whoever sees few of them must not make the
        database ask about each of millions.
        """
        state = wanted.state
        newest = select(func.max(Notification.id)).scalar_subquery()
        conditions = present(
            Notification.id > newest - LISTED,
            _any_of(wanted.filters),
            None if state is None else Notification.state == state,
            visible_notifications(caller),
        )
        columns = select(*_COLUMNS, Notification.channel, Notification.state)
        return await page_of_columns(
            self._session, request, columns, conditions, Notification.id.desc()
        )

    async def _missed(
        self,
        cursor: Cursor,
        target: Snapshot,
        limit: int,
        filters: Collection[Filter],
    ) -> Sequence[Any]:
        further = cursor.target is not None
        base = cursor.base
        values = {
            "base": str(base),
            "base_xmin": base.xmin,
            "base_xmax": base.xmax,
            "target": str(target),
            "target_xmin": target.xmin,
            **({"after": cursor.id} if further else {"target_xmax": target.xmax}),
        }
        order = Notification.id if further else Notification.id + 0
        query = (
            select(*_COLUMNS)
            .where(
                (_FURTHER if further else _FIRST).bindparams(**values),
                Notification.state != NotificationState.ERROR,
                _any_of(filters),
            )
            .order_by(order)
            # Of a limit it does not know, a plan that is kept expects too much.
            .limit(literal_column(str(limit)))
        )
        return (await self._session.execute(query)).all()


def open_parameters(
    given: Mapping[str, Any], schema: dict[str, Any] | None
) -> Mapping[str, Any] | None:
    """Return what a rule gives its trigger, or None when something of it is secret."""
    return None if secret_names(schema) & given.keys() else given


def _notice(row: Any) -> Notice:
    """Return a row as a notice; plain SQL may have written any JSON."""
    number, xact, entity_type, entity, activity, content, created = row
    return Notice(
        id=number,
        xact=xact,
        entity_type=entity_type,
        entity=entity,
        activity=activity,
        content=content if isinstance(content, dict) else {"content": content},
        created=created,
    )


def _place(base: Snapshot, target: Snapshot, notice: Notice) -> Cursor:
    return Cursor(base, target, notice.id, int(notice.created.timestamp()))


def _any_of(filters: Collection[Filter]) -> ColumnElement[bool]:
    if not filters:
        return true()
    return or_(*map(_condition, filters))


def _condition(wanted: Filter) -> ColumnElement[bool]:
    """Return the condition that says what `Filter.matches` says."""
    return _CONDITIONS[wanted.kind](wanted)


def _of_entity(wanted: Filter) -> ColumnElement[bool]:
    return and_(
        Notification.entity_type == wanted.value, Notification.entity == wanted.entity
    )


def _of_trigger(wanted: Filter) -> ColumnElement[bool]:
    refs = (_text("trigger_ref"), _text("old_trigger_ref"))
    ours = or_(*(ref == wanted.value for ref in refs))
    is_change = Notification.activity.in_(sorted(RULE_CHANGES))
    return and_(Notification.entity_type == "rule", is_change, ours)


def _text(name: str) -> Any:
    return Notification.content[name].astext


_USER: Any = func.coalesce(
    _text("assigned_to"), _text("executor"), _text("owner_identity")
)
_KEEPS_STATUS = Notification.entity_type.in_(sorted(STATUS_KEEPERS))
_TYPE: Any = case(
    (
        and_(_KEEPS_STATUS, Notification.activity != "created"),
        Notification.entity_type + "_status_changed",
    ),
    else_=Notification.entity_type + "_" + Notification.activity,
)
_CONDITIONS: Mapping[FilterKind, Callable[[Filter], ColumnElement[bool]]] = {
    FilterKind.ALL: lambda _: true(),
    FilterKind.ENTITY_TYPE: lambda wanted: Notification.entity_type == wanted.value,
    FilterKind.ENTITY: _of_entity,
    FilterKind.USER: lambda wanted: wanted.value == _USER,
    FilterKind.NOTIFICATION_TYPE: lambda wanted: wanted.value == _TYPE,
    FilterKind.TRIGGER_REF: _of_trigger,
}
