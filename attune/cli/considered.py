"""What rules made of an event, one line each."""

from typing import Any

from attune.cli.document import JsonObject

HOLDS = "✓"
DOES_NOT_HOLD = "✗"
FAILED = "!"
SKIPPED = "-"


def matched_rules(event: JsonObject) -> list[str]:
    """Return the refs of the rules that matched."""
    return [
        each["rule_ref"] for each in event.get("matches") or [] if each.get("matched")
    ]


def considered_rules(event: JsonObject) -> str:
    """Return a line for each rule that the event was offered to, and why."""
    lines = [_line(each) for each in event.get("matches") or []]
    if left_out := event.get("matches_left_out"):
        lines.append(f"… and {left_out} more")
    return "".join(f"\n  {line}" for line in lines)


def _line(match: JsonObject) -> str:
    mark, reason = _verdict(match)
    return f"{mark} {match['rule_ref']}" + (f": {reason}" if reason else "")


def _verdict(match: JsonObject) -> tuple[str, Any]:
    if match.get("matched"):
        return HOLDS, match.get("decided_by")
    if match.get("error"):
        return FAILED, match["error"]
    if match.get("skipped"):
        return SKIPPED, match["skipped"]
    return DOES_NOT_HOLD, match.get("decided_by")
