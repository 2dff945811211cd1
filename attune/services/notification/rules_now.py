"""How the rules of a trigger stand, told in the words of their changes."""

from collections.abc import Mapping, Sequence
from typing import Any

from attune.clock import utc_now
from attune.db.database import Database
from attune.db.repositories.notification import open_parameters
from attune.domain.rule_notification import gone_message, standing_message


async def rules_now(
    database: Database, trigger_ref: str
) -> Sequence[Mapping[str, Any]]:
    """Return a message for each rule there is, and for each that is gone.

    To a sensor that knows it all already they say nothing new.
    """
    async with database.autocommit() as tx:
        there = await tx.notifications.rules_of(trigger_ref)
        gone = await tx.notifications.rules_left(trigger_ref)
    return [
        *(_message(gone_message(r.id, r.ref or "", trigger_ref)) for r in gone),
        *(
            _message(
                standing_message(
                    rule.id,
                    rule.ref,
                    trigger_ref,
                    open_parameters(rule.trigger_params, rule.param_schema),
                    active=rule.enabled,
                )
            )
            for rule in there
        ),
    ]


def _message(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    activity = str(payload["event_type"]).partition(".")[2]
    return {
        "type": "notification",
        "notification_type": f"rule_{activity}",
        "entity_type": "rule",
        "entity_id": payload["rule_id"],
        "activity": activity,
        "payload": payload,
        "timestamp": utc_now().isoformat(),
    }
