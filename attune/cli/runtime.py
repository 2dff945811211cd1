"""`attune runtime`: how code is run."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.columns import TIMES
from attune.cli.options import command_group
from attune.cli.output import Column
from attune.cli.session import open_session

app = command_group("List and show runtimes.")

_LIST = (
    Column("ref", "ref"),
    Column("name", "name"),
    Column("pack", "pack_ref"),
    Column("description", "description", wide=True),
)
_FIELDS = (
    Column("ref", "ref"),
    Column("name", "name"),
    Column("description", "description"),
    Column("pack", "pack_ref"),
    Column("distributions", "distributions"),
    Column("installation", "installation"),
    Column("execution", "execution_config"),
    *TIMES,
)


@app.command("list")
def list_runtimes(
    ctx: typer.Context,
    pack: Annotated[
        str | None, typer.Option(help="Only runtimes of this pack.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most runtimes to list.")] = 100,
) -> None:
    """List the runtimes that actions can use."""
    path = api_path("packs", pack, "runtimes") if pack else api_path("runtimes")
    with open_session(ctx) as session:
        session.out.rows(session.client.items(path, {}, limit), _LIST)


@app.command("show")
def show_runtime(
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(help="Ref of the runtime, pack.name.")],
) -> None:
    """Show how a runtime builds environments and starts code."""
    with open_session(ctx) as session:
        session.out.entity(session.client.get(api_path("runtimes", ref)), _FIELDS)
