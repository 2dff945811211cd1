"""`attune key`: settings and secrets, each with one owner."""

from enum import StrEnum
from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.columns import TIMES
from attune.cli.document import JsonObject
from attune.cli.key_draft import KeyDraft, KeyValue, key_changes, new_key
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.profile import ConfigFile
from attune.cli.prompts import confirm
from attune.cli.session import open_output, open_session

app = command_group("List, show, make and change keys: settings and secrets.")


class OwnerType(StrEnum):
    """The kinds of owner."""

    SYSTEM = "system"
    IDENTITY = "identity"
    PACK = "pack"
    ACTION = "action"
    SENSOR = "sensor"


def _value(key: JsonObject) -> object:
    if key.get("encrypted") and key.get("value") is None:
        return "***"
    return key.get("value")


_LIST = (
    Column("ref", "ref", wide=True),
    Column("name", "name"),
    Column("owner type", "owner_type"),
    Column("owner", "owner"),
    Column("encrypted", "encrypted"),
    Column("expires", "expires_at"),
)
_FIELDS = (
    Column("ref", "ref"),
    Column("name", "name"),
    Column("owner type", "owner_type"),
    Column("owner", "owner"),
    Column("encrypted", "encrypted"),
    Column("value", _value),
    Column("expires", "expires_at"),
    *TIMES,
)

_Ref = Annotated[str, typer.Argument(help="Ref of the key.")]
_Value = Annotated[
    str | None,
    typer.Option(help="The value; others on this machine may see it in a list."),
]
_ValueFile = Annotated[
    str | None, typer.Option(help="File that holds the value; - is standard input.")
]
_AsJson = Annotated[bool, typer.Option("--as-json", help="The value is JSON, no text.")]
_Expires = Annotated[
    str | None,
    typer.Option(help="How long it is valid: 90d, 12h, a date, a time, or never."),
]


@app.command("list", epilog=examples("attune key list --pack slack"))
def list_keys(
    ctx: typer.Context,
    *,
    owner_type: Annotated[
        OwnerType | None, typer.Option(help="Only keys of such owners.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option(help="Only keys of this owner: a login or a ref.")
    ] = None,
    pack: Annotated[
        str | None, typer.Option(help="Only keys of this pack and what is in it.")
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", help="Text in ref or name.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most keys to list.")] = 100,
) -> None:
    """List the keys you may see, never their values."""
    filters = {
        "owner_type": owner_type and owner_type.value,
        "owner": owner,
        "pack_ref": pack,
        "q": query,
    }
    with open_session(ctx) as session:
        found = session.client.items(api_path("keys"), filters, limit)
        session.out.rows(found, _LIST)


@app.command("show", epilog=examples("attune key show pack.slack.token --decrypt"))
def show_key(
    ctx: typer.Context,
    *,
    ref: _Ref,
    decrypt: Annotated[
        bool, typer.Option("--decrypt", "-d", help="Show what is encrypted as well.")
    ] = False,
) -> None:
    """Show a key; that you decrypted it is recorded."""
    with open_session(ctx) as session:
        wanted = {"decrypt": "true" if decrypt else "false"}
        key = session.client.get(api_path("keys", ref), wanted)
        session.out.entity(key, _FIELDS)


@app.command(
    "create",
    epilog=examples(
        "attune key create token --pack slack  (asks for the value, unseen)",
        "attune key create token --pack slack --value-file token.txt --expires 90d",
        "attune key create limits --system --value '{\"most\": 5}' --as-json --plain",
    ),
)
def create_key(
    ctx: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="Name, unique among its owner's keys.")],
    pack: Annotated[str | None, typer.Option(help="Pack that owns it.")] = None,
    action: Annotated[str | None, typer.Option(help="Action that owns it.")] = None,
    sensor: Annotated[str | None, typer.Option(help="Sensor that owns it.")] = None,
    identity: Annotated[str | None, typer.Option(help="Login that owns it.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="You own it.")] = False,
    system: Annotated[
        bool, typer.Option("--system", help="The system owns it.")
    ] = False,
    value: _Value = None,
    value_file: _ValueFile = None,
    as_json: _AsJson = False,
    encrypt: Annotated[
        bool,
        typer.Option("--encrypt/--plain", "-e", help="Encrypt it where it is kept."),
    ] = True,
    local_ref: Annotated[
        str | None, typer.Option(help="Its ref after its owner, instead of the name.")
    ] = None,
    expires: _Expires = None,
) -> None:
    """Make a key; without a value you are asked for it, and it is not shown."""
    owner = {"pack": pack, "action": action, "sensor": sensor, "identity": identity}
    draft = KeyDraft(
        KeyValue(value, value_file, as_json), encrypt=encrypt, expires=expires
    )
    with open_session(ctx) as session:
        body = new_key(draft, name, owner, mine=mine, system=system)
        if local_ref is not None:
            body["local_ref"] = local_ref
        key = session.client.post(api_path("keys"), body)
        session.out.done(f"key {key['ref']} created", _masked(key))


@app.command(
    "update", epilog=examples("attune key update pack.slack.token --value-file -")
)
def update_key(
    ctx: typer.Context,
    *,
    ref: _Ref,
    value: _Value = None,
    value_file: _ValueFile = None,
    as_json: _AsJson = False,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    encrypt: Annotated[
        bool | None,
        typer.Option("--encrypt/--plain", "-e", help="Encrypt it where it is kept."),
    ] = None,
    expires: _Expires = None,
) -> None:
    """Change a key; the next execution gets the new value."""
    draft = KeyDraft(
        KeyValue(value, value_file, as_json), encrypt=encrypt, expires=expires
    )
    with open_session(ctx) as session:
        key = session.client.put(api_path("keys", ref), key_changes(draft, name))
        session.out.done(f"key {ref} updated", _masked(key))


@app.command("delete")
def delete_key(
    ctx: typer.Context,
    *,
    ref: _Ref,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a key; what refers to it fails from now on."""
    with open_session(ctx) as session:
        confirm(f"Delete the key {ref}?", yes=yes)
        answer = session.client.delete(api_path("keys", ref))
        session.out.done(f"key {ref} deleted", answer)


@app.command("status")
def encryption_status(ctx: typer.Context) -> None:
    """Show which encryption keys are used; needs the settings of a server."""
    from attune.cli.key_rotation import show_status  # noqa: PLC0415 - see rotate

    show_status(open_output(ctx, ConfigFile.load()))


@app.command("rotate")
def rotate_encryption(
    ctx: typer.Context,
    batch: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many values at once.")
    ] = 100,
) -> None:
    """Encrypt everything anew with the current encryption key, while all else runs.

    It needs the settings of a server. It can be stopped and begun again at any moment.
    """
    from attune.cli.key_rotation import (  # noqa: PLC0415 - only a server has what it needs
        rotate,
    )

    rotate(open_output(ctx, ConfigFile.load()), batch)


def _masked(key: JsonObject) -> JsonObject:
    """Return what a program may print of a key that was just written."""
    return {**key, "value": None} if key.get("encrypted") else key
