"""Frozen SQL: what a revision applied the day it was written, for ever."""

from pathlib import Path
from typing import Any

from alembic import op

SQL = Path(__file__).parent / "sql"


def apply_sql(*names: str) -> None:
    """Run frozen SQL files in the migration's transaction.

    asyncpg takes several statements at once only past the DBAPI.
    """
    connection: Any = op.get_bind().connection.dbapi_connection
    for name in names:
        script = (SQL / f"{name}.sql").read_text(encoding="utf-8")
        connection.run_async(lambda raw, script=script: raw.execute(script))
