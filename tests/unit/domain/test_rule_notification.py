"""What a sensor is told of a rule, in the words of the published SDK."""

from typing import Any

from attune.clock import utc_now
from attune.domain.notification import Notice
from attune.domain.rule_notification import (
    gone_message,
    rule_message,
    standing_message,
)


def notice(activity: str = "updated", **content: Any) -> Notice:
    return Notice(
        id=1,
        xact=1,
        entity_type="rule",
        entity="9",
        activity=activity,
        content={"ref": "a.rule", "trigger_ref": "a.fired", "enabled": True, **content},
        created=utc_now(),
    )


def test_parameters_are_told_where_they_are_no_secret() -> None:
    message = rule_message(notice("created"), {"path": "/srv"}, ["a.fired"])

    assert message["event_type"] == "rule.created"
    assert (message["rule_id"], message["rule_ref"]) == (9, "a.rule")
    assert message["trigger_params"] == {"path": "/srv"}
    assert "auth_mode" not in message


def test_secret_parameters_are_left_to_the_sensor() -> None:
    message = rule_message(notice(), None, ["a.fired"])

    assert message["auth_mode"] == "deferred"
    assert "trigger_params" not in message


def test_how_a_rule_stands_is_an_update() -> None:
    message = standing_message(9, "a.rule", "a.fired", {"x": 1}, active=False)

    assert message["event_type"] == "rule.updated"
    assert (message["trigger_params"], message["active"]) == ({"x": 1}, False)


def test_a_rule_that_is_gone_is_deleted() -> None:
    message = gone_message(9, "a.rule", "a.fired")

    assert (message["event_type"], message["active"]) == ("rule.deleted", False)
