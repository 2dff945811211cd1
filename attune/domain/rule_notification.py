"""What a sensor is told of a rule (contract, h)."""

from collections.abc import Collection, Mapping
from typing import Any

from attune.domain.notification import Notice


def rule_message(
    notice: Notice,
    trigger_params: Mapping[str, Any] | None,
    followed_triggers: Collection[str],
) -> dict[str, Any]:
    """Return the payload that says what became of a rule.

    For a follower of the trigger that the rule left, the rule is gone. `trigger_params`
    are those of now; None for a rule that is no more.
    """
    content = notice.content
    trigger_ref, old = content.get("trigger_ref"), content.get("old_trigger_ref")
    has_left = old in followed_triggers and trigger_ref not in followed_triggers
    is_gone = has_left or notice.activity == "deleted"
    event = "deleted" if is_gone else _event(notice)
    return {
        **content,
        "event_type": f"rule.{event}",
        "rule_id": notice.entity_id,
        "rule_ref": content.get("ref", ""),
        "trigger_ref": old if has_left else trigger_ref,
        "trigger_params": dict(trigger_params or {}),
        "active": not is_gone and content.get("enabled") is True,
    }


def _event(notice: Notice) -> str:
    if notice.activity != "updated" or "old_enabled" not in notice.content:
        return notice.activity
    return "enabled" if notice.content.get("enabled") else "disabled"
