"""From options and a file to the body of a policy."""

from dataclasses import dataclass

from attune.cli.document import JsonObject, read_object
from attune.cli.errors import usage_error
from attune.cli.rate import NONE, parse_rate

_CLEAR = {"op": "clear"}


@dataclass(frozen=True)
class PolicyDraft:
    """What was said about the policy; None is not said."""

    limit: str | None = None
    rate: str | None = None
    method: str | None = None
    by: list[str] | None = None
    priority: int | None = None
    name: str | None = None
    description: str | None = None
    tag: list[str] | None = None
    file: str | None = None
    action: str | None = None
    pack: str | None = None
    everything: bool = False


def new_policy(draft: PolicyDraft, ref: str) -> JsonObject:
    """Return the body that makes a policy."""
    body = {**_body(draft), "ref": ref}
    body.setdefault("name", ref)
    scope = _scope(draft)
    if scope is not None:
        body["scope"] = scope
    if not {"scope", "action", "action_ref", "pack", "pack_ref"} & body.keys():
        raise usage_error(
            "a policy needs --action, --pack or --everything (or a --file)"
        )
    return body


def policy_changes(draft: PolicyDraft) -> JsonObject:
    """Return the body that changes a policy."""
    body = _body(draft)
    if not body:
        raise usage_error("nothing is to be changed: name an option or a --file")
    return body


def _body(draft: PolicyDraft) -> JsonObject:
    body = read_object(draft.file) if draft.file else {}
    given = {
        "threshold": _limit(draft.limit),
        "rate_limit": _rate(draft.rate),
        "method": draft.method,
        "parameters": _names(draft.by),
        "priority": draft.priority,
        "name": draft.name,
        "description": draft.description,
        "tags": draft.tag,
    }
    said = {name: value for name, value in given.items() if value is not None}
    concurrency = body.get("concurrency")
    if isinstance(concurrency, dict) and said.keys() & _OF_CONCURRENCY.keys():
        # The newer spelling of the file would win over what the options say.
        for name, spelled in _OF_CONCURRENCY.items():
            if name in said:
                concurrency[spelled] = said.pop(name)
    return {**body, **said}


_OF_CONCURRENCY = {"threshold": "limit", "method": "method", "parameters": "parameters"}


def _scope(draft: PolicyDraft) -> JsonObject | None:
    named = [bool(draft.action), bool(draft.pack), draft.everything]
    if sum(named) > 1:
        raise usage_error("--action, --pack and --everything exclude each other")
    if draft.action:
        return {"type": "action", "action_ref": draft.action}
    if draft.pack:
        return {"type": "pack", "pack_ref": draft.pack}
    return {"type": "global"} if draft.everything else None


def _names(by: list[str] | None) -> list[str] | None:
    return [] if by == [NONE] else by


def _limit(text: str | None) -> object:
    if text is None:
        return None
    if text == NONE:
        return _CLEAR
    if not text.isdecimal():
        raise usage_error(f"--limit is a number or none, not '{text}'")
    return int(text)


def _rate(text: str | None) -> object:
    if text is None:
        return None
    if text == NONE:
        return _CLEAR
    count, seconds = parse_rate(text)
    return {"max_executions": count, "window_seconds": seconds}
