"""`attune artifact`: what executions leave behind, and files that people add."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.artifact_file import save, upload_file
from attune.cli.artifact_version import app as version_app
from attune.cli.columns import TIMES
from attune.cli.document import JsonObject
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.prompts import confirm
from attune.cli.session import Session, open_session

app = command_group("List, show, upload and download artifacts.")
app.add_typer(version_app, name="version")


class Kind(StrEnum):
    """What an artifact is."""

    FILE_BINARY = "file_binary"
    FILE_DATATABLE = "file_datatable"
    FILE_IMAGE = "file_image"
    FILE_TEXT = "file_text"
    URL = "url"
    PROGRESS = "progress"
    OTHER = "other"


class Scope(StrEnum):
    """The kind of an artifact's owner."""

    SYSTEM = "system"
    IDENTITY = "identity"
    PACK = "pack"
    ACTION = "action"
    SENSOR = "sensor"


class Visibility(StrEnum):
    """Who may read it."""

    PRIVATE = "private"
    PUBLIC = "public"


_LIST = (
    Column("id", "id"),
    Column("ref", "ref", wide=True),
    Column("type", "type"),
    Column("scope", "scope"),
    Column("owner", "owner"),
    Column("visibility", "visibility"),
    Column("bytes", "size_bytes"),
    Column("updated", "updated"),
)
_FIELDS = (
    Column("id", "id"),
    Column("ref", "ref"),
    Column("name", "name"),
    Column("description", "description"),
    Column("type", "type"),
    Column("content type", "content_type"),
    Column("scope", "scope"),
    Column("owner", "owner"),
    Column("visibility", "visibility"),
    Column("kept", lambda a: f"{a['retention_limit']} {a['retention_policy']}"),
    Column("bytes", "size_bytes"),
    Column("execution", "execution"),
    Column("data", "data"),
    *TIMES,
)

_Which = Annotated[str, typer.Argument(help="Id or ref of the artifact.")]
_Scope = Annotated[Scope | None, typer.Option(help="The kind of its owner.")]
_Owner = Annotated[str | None, typer.Option(help="Ref or id of its owner.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command(
    "list",
    epilog=examples(
        "attune artifact list --scope pack --owner release",
        "attune artifact list --execution 42 -j",
    ),
)
def list_artifacts(
    ctx: typer.Context,
    *,
    scope: _Scope = None,
    owner: _Owner = None,
    kind: Annotated[Kind | None, typer.Option("--type", help="What it is.")] = None,
    visibility: Annotated[
        Visibility | None, typer.Option(help="Who may read it.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Text in its name.")] = None,
    execution: Annotated[
        int | None, typer.Option(help="What this execution left behind.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most artifacts to list.")] = 50,
) -> None:
    """List the artifacts you may see, the newest first."""
    filters = {
        "scope": scope,
        "owner": owner,
        "type": kind,
        "visibility": visibility,
        "name": name,
        "execution": execution,
    }
    with open_session(ctx) as session:
        found = session.client.items(api_path("artifacts"), filters, limit)
        session.out.rows(found, _LIST)


@app.command("show")
def show_artifact(ctx: typer.Context, which: _Which) -> None:
    """Show an artifact, and the data that it holds itself."""
    with open_session(ctx) as session:
        session.out.entity(find(session, which), _FIELDS)


@app.command("create")
def create_artifact(
    ctx: typer.Context,
    *,
    ref: Annotated[str, typer.Argument(help="Its name, such as my_pack.report.")],
    scope: Annotated[Scope, typer.Option(help="The kind of its owner.")],
    owner: _Owner = None,
    kind: Annotated[Kind, typer.Option("--type", help="What it is.")] = Kind.FILE_TEXT,
    visibility: Annotated[
        Visibility | None, typer.Option(help="Who may read it.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name for people.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
) -> None:
    """Make an artifact without a version."""
    body: JsonObject = {
        "ref": ref,
        "scope": scope,
        "owner": owner or "",
        "type": kind,
        "visibility": visibility,
        "name": name,
        "description": description,
    }
    with open_session(ctx) as session:
        made = session.client.post(api_path("artifacts"), body)
        session.out.done(f"artifact {ref} created with id {made['id']}", made)


@app.command("delete")
def delete_artifact(ctx: typer.Context, *, which: _Which, yes: _Yes = False) -> None:
    """Remove an artifact with all its versions."""
    with open_session(ctx) as session:
        artifact = find(session, which)
        confirm(f"Remove {artifact['ref']} and every version of it?", yes=yes)
        answer = session.client.delete(api_path("artifacts", artifact["id"]))
        session.out.done(f"artifact {artifact['ref']} removed", answer)


@app.command(
    "upload",
    epilog=examples(
        "attune artifact upload my_pack.report report.pdf --scope pack --owner my_pack"
    ),
)
def upload_artifact(
    ctx: typer.Context,
    *,
    ref: Annotated[str, typer.Argument(help="Its ref; it is made if it is missing.")],
    file: Annotated[Path, typer.Argument(help="The file to upload.")],
    scope: _Scope = None,
    owner: _Owner = None,
    kind: Annotated[Kind | None, typer.Option("--type", help="What it is.")] = None,
    content_type: Annotated[
        str | None, typer.Option(help="Guessed from the file's name if not given.")
    ] = None,
) -> None:
    """Upload a file of any size as the newest version."""
    fields = {
        "scope": scope,
        "owner": owner,
        "type": kind,
        "content_type": content_type,
    }
    with open_session(ctx) as session:
        path = api_path("artifacts", "ref", ref, "versions", "upload")
        version = upload_file(session, path, file, fields)
        session.out.done(f"{ref}: version {version['version']} uploaded", version)


@app.command("download")
def download_artifact(
    ctx: typer.Context,
    which: _Which,
    to: Annotated[
        Path | None, typer.Option("--to", help="Where to; - is standard output.")
    ] = None,
) -> None:
    """Download the newest version."""
    with open_session(ctx) as session:
        artifact = find(session, which)
        path = api_path("artifacts", artifact["id"], "download")
        save(session, path, artifact["ref"], to)


def find(session: Session, which: str) -> JsonObject:
    """Return the artifact of an id or a ref."""
    if which.isascii() and which.isdigit():
        found: JsonObject = session.client.get(api_path("artifacts", which))
    else:
        found = session.client.get(api_path("artifacts", "ref", which))
    return found
