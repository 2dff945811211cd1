"""The cheapest way to keep an event: a table like ours, without anything that follows."""

import json
from typing import Any, Self

import asyncpg

from attune.db.url import driver_url
from benchmarks.crowd import MEASURED, PAYLOAD

_TABLE = """
    CREATE TABLE public.bare_event (LIKE attune.event INCLUDING ALL)
"""
_INSERT = """
    INSERT INTO public.bare_event (trigger_ref, payload, config)
    SELECT $1, $2::jsonb, '{}' FROM generate_series(1, $3)
    RETURNING id, created
"""


class BareInsert:
    """Inserts rows with the indexes of events, and no table trigger, rule or notice."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str) -> Self:
        """Make the table, and connect as often as there are lanes."""
        pool = await asyncpg.create_pool(driver_url(url), min_size=10, max_size=10)
        await pool.execute(_TABLE)
        return cls(pool)

    async def insert(self, count: int) -> None:
        """Insert so many in one transaction."""
        await self._pool.fetch(_INSERT, MEASURED, json.dumps(PAYLOAD), count)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()
