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
    are those of now; none for a rule that is no more, and None for secret ones.
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
        **_parameters(trigger_params),
        "active": not is_gone and content.get("enabled") is True,
    }


def standing_message(
    rule_id: int,
    rule_ref: str,
    trigger_ref: str,
    trigger_params: Mapping[str, Any] | None,
    *,
    active: bool,
) -> dict[str, Any]:
    """Return the payload that says how a rule stands, whatever a sensor knows of it."""
    return {
        "event_type": "rule.updated",
        "rule_id": rule_id,
        "rule_ref": rule_ref,
        "trigger_ref": trigger_ref,
        **_parameters(trigger_params),
        "active": active,
    }


def gone_message(rule_id: int, rule_ref: str, trigger_ref: str) -> dict[str, Any]:
    """Return the payload that says that a rule is no more, as far as this trigger goes."""
    return {
        "event_type": "rule.deleted",
        "rule_id": rule_id,
        "rule_ref": rule_ref,
        "trigger_ref": trigger_ref,
        "active": False,
    }


def _parameters(trigger_params: Mapping[str, Any] | None) -> dict[str, Any]:
    """Let the sensor fetch by its token what must not be told to every follower."""
    if trigger_params is None:
        return {"auth_mode": "deferred"}
    return {"trigger_params": dict(trigger_params)}


def _event(notice: Notice) -> str:
    if notice.activity != "updated" or "old_enabled" not in notice.content:
        return notice.activity
    return "enabled" if notice.content.get("enabled") else "disabled"
