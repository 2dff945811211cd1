"""Notifications put into words, as followers are told them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from attune.domain.cursor import Cursor
from attune.domain.notification import Notice
from attune.domain.rule_notification import rule_message


@dataclass(frozen=True, kw_only=True)
class Told:
    """One notification as it is told to a follower."""

    notice: Notice
    payload: dict[str, Any]
    cursor: Cursor
    """Given back, it brings what comes after this one."""

    def document(self) -> dict[str, Any]:
        """Return the message of the contract (m.2)."""
        notice = self.notice
        document = {
            "type": "notification",
            "id": str(self.cursor),
            "notification_id": notice.id,
            "notification_type": notice.type,
            "entity_type": notice.entity_type,
            "entity_id": notice.entity_id,
            "activity": notice.activity,
            "payload": self.payload,
            "timestamp": _iso(notice.created),
        }
        if notice.user_id is not None:
            document["user_id"] = notice.user_id
        return document


def payload(
    notice: Notice,
    trigger_refs: Collection[str],
    parameters: Mapping[int, Mapping[str, Any] | None],
) -> dict[str, Any]:
    """Return the facts of a change; of a rule in a sensor's words, for its followers."""
    if notice.entity_type != "rule" or not trigger_refs:
        return dict(notice.content)
    rule_id = notice.entity_id
    known = parameters.get(rule_id, {}) if isinstance(rule_id, int) else {}
    return rule_message(notice, known, trigger_refs)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
