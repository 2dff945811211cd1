"""`attune pack config`: the settings of a pack, and your own over them."""

import sys
from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject
from attune.cli.errors import usage_error
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.parameters import Parameters
from attune.cli.prompts import is_interactive
from attune.cli.session import Session, open_session

app = command_group("Show and change the settings of a pack, or your own over them.")

_FIELDS = (
    Column("pack", "pack_ref"),
    Column("settings", "config"),
    Column("of the pack", "pack_config"),
    Column("your own", "own_config"),
    Column("schema", "conf_schema"),
)

_Ref = Annotated[str, typer.Argument(help="Ref of the pack.")]
_Own = Annotated[
    bool, typer.Option("--own", help="Only for what you execute and for your rules.")
]


@app.command("show")
def show_config(ctx: typer.Context, ref: _Ref) -> None:
    """Show the settings that count for you; secret ones stay hidden."""
    with open_session(ctx) as session:
        session.out.entity(session.client.get(_path(ref)), _FIELDS)


@app.command(
    "set",
    epilog=examples(
        "attune pack config set slack channel=#ops retries=3",
        "attune pack config set slack --secret token  (asks for it, unseen)",
        "attune pack config set slack 'token={{ keystore.pack.slack.token }}'",
        "attune pack config set slack channel=#ada --own",
    ),
)
def set_config(
    ctx: typer.Context,
    *,
    ref: _Ref,
    words: Annotated[
        list[str] | None,
        typer.Argument(help="key=value, key:=json or @file.json."),
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(help="Setting to ask for unseen, or to read from a pipe."),
    ] = None,
    own: _Own = False,
) -> None:
    """Change settings and leave the others as they are."""
    with open_session(ctx) as session:
        before = session.client.get(_path(ref))
        schema = Parameters.of_schema(before.get("conf_schema"))
        values = schema.parse(words or [], templates=True)
        if secret is not None:
            values[secret] = schema.convert(secret, _hidden(secret))
        if not values:
            raise usage_error("nothing is to be changed: name a setting")
        _write(session, ref, before, values, own=own)


@app.command("unset", epilog=examples("attune pack config unset slack channel --own"))
def unset_config(
    ctx: typer.Context,
    *,
    ref: _Ref,
    names: Annotated[list[str], typer.Argument(help="Settings to take away.")],
    own: _Own = False,
) -> None:
    """Take settings away; the pack's own or the defaults count again."""
    with open_session(ctx) as session:
        before = session.client.get(_path(ref))
        _write(session, ref, before, dict.fromkeys(names), own=own)


@app.command("reset")
def reset_config(ctx: typer.Context, ref: _Ref) -> None:
    """Take all settings of your own away."""
    with open_session(ctx) as session:
        answer = session.client.delete(_path(ref))
        session.out.done(f"the settings of pack {ref} count for you", answer)


def _path(ref: str) -> str:
    return api_path("packs", ref, "config")


def _write(
    session: Session, ref: str, before: JsonObject, values: JsonObject, *, own: bool
) -> None:
    """Send the change; null takes a setting away."""
    if own:
        answer = session.client.put(_path(ref), {"config": values})
    else:
        merged = {**before["pack_config"], **values}
        config = {name: value for name, value in merged.items() if value is not None}
        answer = session.client.put(api_path("packs", ref), {"config": config})
    names = ", ".join(values)
    session.out.done(
        f"{'own ' if own else ''}settings of {ref} changed: {names}", answer
    )


def _hidden(name: str) -> str:
    if not is_interactive():
        return sys.stdin.read().removesuffix("\n")
    answer: str = typer.prompt(
        name, hide_input=True, confirmation_prompt=True, err=True
    )
    return answer
