"""From options and a file to the body of a rule."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject, read_object
from attune.cli.errors import usage_error
from attune.cli.parameters import Parameters

if TYPE_CHECKING:
    from attune.cli.client import ApiClient

_NEEDED = {"trigger_ref": "--trigger", "action_ref": "--action"}


@dataclass(frozen=True)
class RuleDraft:
    """What was said about the rule; None is not said."""

    trigger: str | None
    action: str | None
    when: str | None
    param: list[str] | None
    trigger_param: list[str] | None
    label: str | None
    description: str | None
    file: str | None


def rule_body(
    client: "ApiClient",
    draft: RuleDraft,
    *,
    new: str | None = None,
    current: JsonObject | None = None,
) -> JsonObject:
    """Return the body that makes the rule `new`, or changes the `current` one."""
    body = read_object(draft.file) if draft.file else {}
    given = {
        "trigger_ref": draft.trigger,
        "action_ref": draft.action,
        "label": draft.label,
        "description": draft.description,
        "conditions": None if draft.when is None else {"expression": draft.when},
    }
    body |= {name: value for name, value in given.items() if value is not None}
    if new is not None:
        _complete(body, new)
    _fill_parameters(client, draft, body, current or {})
    if not body:
        raise usage_error("nothing is to be changed: name an option or a --file")
    return body


def _complete(body: JsonObject, ref: str) -> None:
    pack, dot, _ = ref.partition(".")
    if not dot:
        raise usage_error(f"'{ref}' is no ref of a rule: it must look like pack.name")
    body["ref"] = ref
    body.setdefault("pack_ref", pack)
    body.setdefault("label", ref)
    missing = [option for name, option in _NEEDED.items() if not body.get(name)]
    if missing:
        raise usage_error(f"a rule needs {' and '.join(missing)} (or a --file)")


def _fill_parameters(
    client: "ApiClient", draft: RuleDraft, body: JsonObject, current: JsonObject
) -> None:
    """Add the parameters, typed by the schemas of the action and the trigger."""
    for kind, words in (("action", draft.param), ("trigger", draft.trigger_param)):
        if not words:
            continue
        ref = body.get(f"{kind}_ref") or current.get(f"{kind}_ref")
        schema = client.get(api_path(f"{kind}s", str(ref))).get("param_schema")
        values = Parameters.of_schema(schema).parse(words, templates=True)
        before = body.get(f"{kind}_params") or current.get(f"{kind}_params") or {}
        body[f"{kind}_params"] = {**before, **values}
