"""Rules."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, or_, select, text, update

from attune.db.models import Rule
from attune.db.repositories.base import equals
from attune.db.repositories.component import ComponentFilter, ComponentRepository
from attune.db.visibility import Columns, visible
from attune.domain.permission import Caller, Resource

_MATCHABLE: Final = """
    SELECT
        r.id, r.ref, r.enabled, r.conditions, r.condition, r.action_params,
        r.permission_set_refs, r.owner_identity, r.trace_tag_template,
        p.config AS pack_config, p.conf_schema AS pack_config_schema,
        c.config AS own_config,
        r.trigger_ref, t.id AS trigger_id, coalesce(t.enabled, false) AS trigger_enabled,
        a.id AS action_id, coalesce(a.ref, r.action_ref) AS action_ref,
        a.pack_ref AS action_pack_ref,
        a.runtime_ref, a.enabled AS action_enabled, a.param_schema,
        a.timeout_seconds,
        COALESCE(rt.execution_config, '{}') <> '{}'
            OR a.workflow_def IS NOT NULL
            OR a.ref = 'core.ask' AS is_executable,
        (
            SELECT bool_and(
                named.id = p.id
                OR named.owner_identity = p.owner_identity
                OR attune.sees_pack(r.owner_identity, named.id)
            )
            FROM attune.pack AS named
            WHERE named.id IN (t.pack, a.pack)
        ) IS NOT FALSE AS is_open
    FROM attune.rule AS r
    LEFT JOIN attune.trigger AS t ON t.id = r.trigger
    JOIN attune.pack AS p ON p.id = r.pack
    LEFT JOIN attune.pack_config AS c
        ON c.pack = p.id AND c.identity = r.owner_identity
    LEFT JOIN attune.action AS a ON a.id = r.action
    LEFT JOIN attune.runtime AS rt ON rt.id = a.runtime
"""
"""Rules with all that offering them an event needs."""
_OF_TRIGGER = text(f"{_MATCHABLE} WHERE t.ref = :trigger_ref ORDER BY r.id")
_OF_ID = text(f"{_MATCHABLE} WHERE r.id = :rule_id")

# Whoever holds the row now writes an error of it, or changes it, which makes ours old.
# Waiting would make every event of the trigger wait.
_NOTE_ERROR = text("""
    WITH before AS (
        SELECT id, last_error
        FROM attune.rule
        WHERE id = :rule_id
        FOR NO KEY UPDATE SKIP LOCKED
    ),
    noted AS (
        UPDATE attune.rule AS r
        SET last_error = :error, last_error_at = now()
        FROM before
        WHERE r.id = before.id
        RETURNING
            r.id, r.ref, r.pack, r.pack_ref, r.trigger_ref, r.action_ref, r.enabled,
            r.owner_identity,
            before.last_error IS DISTINCT FROM r.last_error AS is_news
    )
    INSERT INTO attune.notification (channel, entity_type, entity, activity, content)
    SELECT
        'rule', 'rule', id::text, 'evaluation_failed',
        jsonb_build_object(
            'id', id,
            'ref', ref,
            'pack', pack,
            'pack_ref', pack_ref,
            'trigger_ref', trigger_ref,
            'action_ref', action_ref,
            'enabled', enabled,
            'owner_identity', owner_identity,
            'error', CAST(:error AS text)
        )
    FROM noted
    WHERE is_news
""")

COLUMNS = Columns(
    pack_ref=Rule.pack_ref,
    is_part_of_pack=True,
    owner_identity_id=Rule.owner_identity_id,
    ref=Rule.ref,
    trigger_ref=Rule.trigger_ref,
    id=Rule.id,
)
"""What constraints on rules are held against."""


@dataclass(frozen=True, kw_only=True)
class RuleFilter(ComponentFilter):
    """Which rules are wanted; None means any."""

    trigger_ref: str | None = None
    action_ref: str | None = None


def visible_rules(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which a rule exists for the caller."""
    return or_(visible(caller, Resource.RULES, COLUMNS), _watched(caller))


def _watched(caller: Caller) -> ColumnElement[bool]:
    """A sensor knows the rules it watches for, whoever owns their packs."""
    return Rule.trigger_ref.in_(sorted(caller.trigger_refs))


class RuleRepository(ComponentRepository[Rule]):
    """The rules."""

    model = Rule

    async def visible_refs(self, refs: Collection[str], caller: Caller) -> set[str]:
        """Return those of the refs whose rules exist for the caller."""
        query = select(Rule.ref).where(Rule.ref.in_(refs), visible_rules(caller))
        return set(await self._session.scalars(query))

    async def matchable(self, trigger_ref: str) -> Sequence[Row[Any]]:
        """Return the trigger's rules with what matching needs, in order of making."""
        rows = await self._session.execute(_OF_TRIGGER, {"trigger_ref": trigger_ref})
        return rows.all()

    async def matchable_one(self, rule_id: int) -> Row[Any]:
        """Return one rule with what matching needs."""
        return (await self._session.execute(_OF_ID, {"rule_id": rule_id})).one()

    async def clear_errors(self, refs: Collection[str]) -> None:
        """Forget why these rules could not be evaluated: they are not what they were."""
        await self._session.execute(
            update(Rule)
            .where(Rule.ref.in_(refs), Rule.last_error_at.is_not(None))
            .values(last_error=None, last_error_at=None)
        )

    async def note_error(self, rule_id: int, error: str) -> None:
        """Show on the rule why it could not be evaluated, and announce what is new."""
        await self._session.execute(_NOTE_ERROR, {"rule_id": rule_id, "error": error})

    def _conditions(
        self, wanted: ComponentFilter
    ) -> Sequence[ColumnElement[bool] | None]:
        conditions = list(super()._conditions(wanted))
        if isinstance(wanted, RuleFilter):
            conditions.append(equals(Rule.trigger_ref, wanted.trigger_ref))
            conditions.append(equals(Rule.action_ref, wanted.action_ref))
        return conditions
