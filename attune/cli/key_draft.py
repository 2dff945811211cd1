"""From options to the body of a key; its value never has to stand on a command line."""

from collections.abc import Mapping
from dataclasses import dataclass

import typer

from attune.cli.document import JsonObject, named, parse_json, read_text
from attune.cli.errors import usage_error
from attune.cli.expiry import moment
from attune.cli.prompts import is_interactive

_NEVER = "never"


@dataclass(frozen=True)
class KeyValue:
    """Where the value of a key comes from."""

    text: str | None
    file: str | None
    is_json: bool

    def given(self) -> bool:
        """Tell whether there is one without asking."""
        return self.text is not None or self.file is not None

    def read(self) -> object:
        """Return the value; asks for it when it was not given."""
        if self.text is not None and self.file is not None:
            raise usage_error("--value and --value-file exclude each other")
        if self.file is not None:
            text = read_text(self.file).removesuffix("\n")
            return parse_json(text, named(self.file)) if self.is_json else text
        text = self._asked() if self.text is None else self.text
        return parse_json(text, "the value") if self.is_json else text

    def _asked(self) -> str:
        if not is_interactive():
            raise usage_error(
                "say what the value is: --value-file - reads it from a pipe"
            )
        answer: str = typer.prompt(
            "Value", hide_input=True, confirmation_prompt=True, err=True
        )
        return answer


@dataclass(frozen=True)
class KeyDraft:
    """What was said about the key; None is not said."""

    value: KeyValue
    encrypt: bool | None = None
    expires: str | None = None


def new_key(
    draft: KeyDraft,
    name: str,
    owner: Mapping[str, str | None],
    *,
    mine: bool,
    system: bool,
) -> JsonObject:
    """Return the body that makes a key."""
    body = {
        "name": name,
        **_owner(owner, mine=mine, system=system),
        "encrypted": draft.encrypt,
        "value": draft.value.read(),
    }
    if draft.expires not in (None, _NEVER):
        body["expires_at"] = moment(draft.expires or "")
    return body


def key_changes(draft: KeyDraft, name: str | None) -> JsonObject:
    """Return the body that changes a key."""
    body: JsonObject = {"name": name, "encrypted": draft.encrypt}
    if draft.value.given():
        body["value"] = draft.value.read()
    if draft.expires == _NEVER:
        body["expires_at"] = {"op": "clear"}
    elif draft.expires is not None:
        body["expires_at"] = moment(draft.expires)
    said = {field: value for field, value in body.items() if value is not None}
    if not said:
        raise usage_error("nothing is to be changed: name an option")
    return said


def _owner(owner: Mapping[str, str | None], *, mine: bool, system: bool) -> JsonObject:
    named_ones = [(kind, who) for kind, who in owner.items() if who]
    if len(named_ones) + mine + system != 1:
        raise usage_error(
            "say whose key it is, with one of --pack, --action, --sensor, --identity, "
            "--mine and --system"
        )
    if system or mine:
        return {"owner_type": "system" if system else "identity"}
    kind, who = named_ones[0]
    field = "owner_identity_login" if kind == "identity" else f"owner_{kind}_ref"
    return {"owner_type": kind, field: who}
