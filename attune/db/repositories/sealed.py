"""Everything that is stored encrypted, wherever it is, for a change of the key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

_SEALED: Final = 'strict $.** ? (exists (@."$encrypted"))'
_STALE: Final = 'strict $.** ? (exists (@."$encrypted") && @.key_hash != $current)'


@dataclass(frozen=True, kw_only=True)
class SealedStore:
    """A column that holds what is encrypted."""

    name: str
    """What people call it."""
    table: str
    column: str
    facts: str
    """SQL of an object that tells one row from another for good."""
    is_document: bool = True
    """Whether sealed values stand within it, or it is one, with its hash beside it."""
    is_json: bool = True


STORES: Final = (
    SealedStore(
        name="keys",
        table="key",
        column="value",
        facts="jsonb_build_object("
        "'owner_type', t.owner_type, 'owner', t.owner, 'ref', t.ref)",
        is_document=False,
    ),
    SealedStore(
        name="secret parameters of executions",
        table="execution_secret_value",
        column="value",
        facts="jsonb_build_object('execution', t.execution, 'name', t.name)",
        is_document=False,
        is_json=False,
    ),
    SealedStore(
        name="configurations of packs",
        table="pack",
        column="config",
        facts="jsonb_build_object('ref', t.ref)",
    ),
    SealedStore(
        name="own configurations of packs",
        table="pack_config",
        column="config",
        facts="jsonb_build_object('identity', t.identity, 'ref', "
        "(SELECT p.ref FROM attune.pack AS p WHERE p.id = t.pack))",
    ),
    SealedStore(
        name="parameters of rules",
        table="rule",
        column="action_params",
        facts="jsonb_build_object('ref', t.ref)",
    ),
    SealedStore(
        name="configurations of rules for sensors",
        table="rule",
        column="trigger_params",
        facts="jsonb_build_object('ref', t.ref)",
    ),
    SealedStore(
        name="configurations of sensors",
        table="sensor",
        column="config",
        facts="jsonb_build_object('ref', t.ref)",
    ),
    SealedStore(
        name="webhooks",
        table="trigger",
        column="webhook_config",
        facts="jsonb_build_object('ref', t.ref)",
    ),
)


@dataclass(frozen=True)
class SealedRow:
    """One row that holds something encrypted, under lock."""

    id: int
    facts: Mapping[str, Any]
    value: Any


class SealedRepository:
    """Counts and rewrites what is encrypted; nobody is made to wait for it."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def count(self, store: SealedStore) -> dict[str, int]:
        """Return how many values are encrypted with which key, by its hash."""
        rows = await self._session.execute(text(_count_sql(store)))
        return {row.hash: row.total for row in rows}

    async def lock_stale(
        self, store: SealedStore, current: str, *, after: int, limit: int
    ) -> Sequence[SealedRow]:
        """Return the next rows that another key encrypted; who holds one keeps it."""
        values = {"current": current, "after": after, "limit": limit}
        rows = await self._session.execute(text(_stale_sql(store)), values)
        return [SealedRow(*row) for row in rows]

    async def write(
        self, store: SealedStore, row: SealedRow, value: object, current: str
    ) -> None:
        """Replace the value of a locked row."""
        values = {"id": row.id, "value": value, "current": current}
        query = text(_write_sql(store))
        if store.is_json:
            query = query.bindparams(bindparam("value", type_=JSONB))
        await self._session.execute(query, values)


def _count_sql(store: SealedStore) -> str:
    if store.is_document:
        return f"""
            SELECT found #>> '{{key_hash}}' AS hash, count(*) AS total
            FROM attune.{store.table} AS t
            CROSS JOIN LATERAL jsonb_path_query(t.{store.column}, '{_SEALED}') AS found
            GROUP BY 1
        """  # noqa: S608 - the names are our own
    return f"""
        SELECT encryption_key_hash AS hash, count(*) AS total
        FROM attune.{store.table}
        WHERE encryption_key_hash IS NOT NULL
        GROUP BY 1
    """  # noqa: S608 - the names are our own


def _stale_sql(store: SealedStore) -> str:
    condition = "t.encryption_key_hash <> :current"
    if store.is_document:
        condition = f"""
            jsonb_path_exists(
                t.{store.column}, '{_STALE}', jsonb_build_object('current', CAST(:current AS text))
            )
        """
    return f"""
        SELECT t.id, {store.facts} AS facts, t.{store.column} AS value
        FROM attune.{store.table} AS t
        WHERE t.id > :after AND {condition}
        ORDER BY t.id
        LIMIT :limit
        FOR NO KEY UPDATE OF t SKIP LOCKED
    """  # noqa: S608 - the names are our own


def _write_sql(store: SealedStore) -> str:
    hashed = "" if store.is_document else ", encryption_key_hash = :current"
    return f"""
        UPDATE attune.{store.table} SET {store.column} = :value {hashed} WHERE id = :id
    """  # noqa: S608 - the names are our own
