"""What listeners hear, and what is left in the table for those who did not listen."""

import json
from typing import Any

from tests.integration.db.plain_sql import Row, Sql

CHANNELS = (
    "execution_created",
    "execution_status_changed",
    "inquiry_created",
    "inquiry_responded",
    "inquiry_timeout",
    "inquiry_cancelled",
    "event_created",
    "enforcement_created",
    "enforcement_status_changed",
    "workflow_execution_status_changed",
    "artifact_created",
    "artifact_updated",
    "execution",
    "rule",
    "attune_dispatch",
    "attune_definitions",
    "attune_permissions",
    "attune_log",
)


class Ear:
    """Everything that was heard on some channels."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def hear(self, sql: object, pid: int, channel: str, payload: object) -> None:
        """Note a message."""
        del sql, pid
        self.heard.append((channel, str(payload)))

    def documents(self, channel: str) -> list[dict[str, Any]]:
        """Return the messages of a channel, read as JSON."""
        return [json.loads(text) for name, text in self.heard if name == channel]


async def notifications(sql: Sql, entity_type: str) -> list[Row]:
    """Return the notifications about this kind of thing, oldest first."""
    rows = await sql.fetch(
        "SELECT * FROM attune.notification WHERE entity_type = $1 ORDER BY id",
        entity_type,
    )
    return [dict(row) for row in rows]
