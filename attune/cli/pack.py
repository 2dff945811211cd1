"""`attune pack`: bundles of actions, triggers, rules and runtimes."""

from pathlib import Path
from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.columns import TIMES
from attune.cli.document import JsonObject
from attune.cli.options import command_group, examples
from attune.cli.output import Column, Output
from attune.cli.pack_archive import pack_archive
from attune.cli.pack_config import app as config
from attune.cli.prompts import confirm
from attune.cli.session import open_session

app = command_group("Upload, list, configure and remove packs.")
app.add_typer(config, name="config")

_LIST = (
    Column("ref", "ref"),
    Column("label", "label", wide=True),
    Column("version", "version"),
    Column("built in", "is_standard"),
    Column("description", "description", wide=True),
)
_FIELDS = (
    Column("ref", "ref"),
    Column("label", "label"),
    Column("version", "version"),
    Column("description", "description"),
    Column("built in", "is_standard"),
    Column("tags", "tags"),
    Column("dependencies", "dependencies"),
    Column("runtimes", "runtime_deps"),
    Column("actions", "action_count"),
    Column("triggers", "trigger_count"),
    Column("sensors", "sensor_count"),
    Column("rules", "rule_count"),
    Column("configuration", "config"),
    *TIMES,
)

_KINDS = ("action", "trigger", "rule", "sensor")

_Ref = Annotated[str, typer.Argument(help="Ref of the pack.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_Force = Annotated[
    bool, typer.Option("--force", help="Replace a pack that is installed already.")
]


@app.command("list")
def list_packs(
    ctx: typer.Context,
    query: Annotated[
        str | None, typer.Option("--query", help="Text in ref, label or description.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most packs to list.")] = 100,
) -> None:
    """List the packs you may see."""
    with open_session(ctx) as session:
        found = session.client.items(api_path("packs"), {"q": query}, limit)
        session.out.rows(found, _LIST)


@app.command("show")
def show_pack(ctx: typer.Context, ref: _Ref) -> None:
    """Show a pack and how much is in it."""
    with open_session(ctx) as session:
        session.out.entity(session.client.get(api_path("packs", ref)), _FIELDS)


@app.command(
    "upload",
    epilog=examples(
        "attune pack upload ./my-pack", "attune pack upload pack.tar.gz --force"
    ),
)
def upload_pack(
    ctx: typer.Context,
    *,
    source: Annotated[
        Path, typer.Argument(help="Directory with a pack.yaml, or a tar.gz of one.")
    ],
    force: _Force = False,
    skip_tests: Annotated[
        bool, typer.Option("--skip-tests", help="Do not run the pack's tests.")
    ] = False,
    exclude: Annotated[
        list[str] | None,
        typer.Option(help="Leave out files and directories of this name or pattern."),
    ] = None,
) -> None:
    """Install a pack from this machine; caches and repositories are left out."""
    fields = {"force": _flag(force), "skip_tests": _flag(skip_tests)}
    name = f"{source.resolve().name.removesuffix('.tar.gz')}.tar.gz"
    with open_session(ctx) as session, pack_archive(source, exclude or ()) as file:
        path = api_path("packs", "upload")
        answer = session.client.upload(path, file, name, fields)
        _report(session.out, answer)


@app.command("register")
def register_pack(
    ctx: typer.Context,
    *,
    path: Annotated[str, typer.Argument(help="Directory as the server sees it.")],
    force: _Force = False,
    skip_tests: Annotated[
        bool, typer.Option("--skip-tests", help="Do not run the pack's tests.")
    ] = False,
) -> None:
    """Install a pack from a directory on the server's machine."""
    body = {"path": path, "force": force, "skip_tests": skip_tests}
    with open_session(ctx) as session:
        answer = session.client.post(api_path("packs", "register"), body)
        _report(session.out, answer)


@app.command("create")
def create_pack(
    ctx: typer.Context,
    ref: _Ref,
    label: Annotated[str | None, typer.Option(help="Name for people.")] = None,
    version: Annotated[str, typer.Option(help="Semantic version.")] = "0.1.0",
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
) -> None:
    """Create an empty pack, a home for rules and actions made through the API."""
    body: JsonObject = {"ref": ref, "label": label or ref, "version": version}
    if description is not None:
        body["description"] = description
    with open_session(ctx) as session:
        pack = session.client.post(api_path("packs"), body)
        session.out.done(f"pack {ref} created", pack)


def remove_pack(ctx: typer.Context, *, ref: _Ref, yes: _Yes = False) -> None:
    """Remove a pack with everything in it; executions are kept."""
    with open_session(ctx) as session:
        confirm(f"Remove the pack {ref} and everything in it?", yes=yes)
        answer = session.client.delete(api_path("packs", ref))
        session.out.done(f"pack {ref} removed", answer)


app.command("uninstall")(remove_pack)
app.command("delete")(remove_pack)


def _flag(value: bool) -> str:  # noqa: FBT001 - it is the thing that is converted
    return "true" if value else "false"


def _report(out: Output, answer: JsonObject) -> None:
    pack = answer.get("pack") or answer
    text = f"pack {pack['ref']} {pack['version']} installed"
    if contents := _contents(pack):
        text += f" with {contents}"
    if answer.get("install_status") not in (None, "completed"):
        text += f" ({answer['install_status']})"
    out.done(text, answer)
    if out.is_table:
        for warning in answer.get("warnings") or []:
            out.note(f"warning: {warning}")


def _contents(pack: JsonObject) -> str:
    counts = [(kind, pack.get(f"{kind}_count") or 0) for kind in _KINDS]
    return ", ".join(
        f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts if count
    )
