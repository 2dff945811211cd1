"""`attune artifact version`: the states of one artifact's content."""

from pathlib import Path
from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.artifact_file import save, upload_file
from attune.cli.document import given_json
from attune.cli.options import command_group
from attune.cli.output import Column
from attune.cli.prompts import confirm
from attune.cli.session import open_session

app = command_group("List, show, add and download versions of an artifact.")

_LIST = (
    Column("version", "version"),
    Column("content type", "content_type"),
    Column("bytes", "size_bytes"),
    Column("state", "body_state"),
    Column("execution", "execution"),
    Column("by", "created_by"),
    Column("created", "created"),
)
_FIELDS = (
    *_LIST,
    Column("file", "file_path"),
    Column("sha256", "sha256"),
    Column("meta", "meta"),
    Column("content", "content_json"),
)

_Id = Annotated[int, typer.Argument(min=1, help="Id of the artifact.")]
_Number = Annotated[int, typer.Argument(min=1, help="Number of the version.")]


@app.command("list")
def list_versions(ctx: typer.Context, artifact: _Id) -> None:
    """List the versions that are kept, the newest first."""
    with open_session(ctx) as session:
        found = session.client.get(api_path("artifacts", artifact, "versions"))
        session.out.rows(found, _LIST)


@app.command("show")
def show_version(ctx: typer.Context, artifact: _Id, version: _Number) -> None:
    """Show one version, and its content if that is JSON."""
    with open_session(ctx) as session:
        path = api_path("artifacts", artifact, "versions", version)
        session.out.entity(session.client.get(path), _FIELDS)


@app.command("upload")
def upload_version(
    ctx: typer.Context,
    artifact: _Id,
    file: Annotated[Path, typer.Argument(help="The file to upload.")],
    content_type: Annotated[
        str | None, typer.Option(help="Guessed from the file's name if not given.")
    ] = None,
) -> None:
    """Upload a file of any size as the newest version."""
    with open_session(ctx) as session:
        path = api_path("artifacts", artifact, "versions", "upload")
        made = upload_file(session, path, file, {"content_type": content_type})
        session.out.done(f"version {made['version']} uploaded", made)


@app.command("create-json")
def create_json_version(
    ctx: typer.Context,
    artifact: _Id,
    content: Annotated[str, typer.Argument(help="JSON, or @file.json.")],
) -> None:
    """Add a version that is a JSON value."""
    with open_session(ctx) as session:
        path = api_path("artifacts", artifact, "versions")
        made = session.client.post(path, {"content": given_json(content, "content")})
        session.out.done(f"version {made['version']} created", made)


@app.command("download")
def download_version(
    ctx: typer.Context,
    artifact: _Id,
    version: _Number,
    to: Annotated[
        Path | None, typer.Option("--to", help="Where to; - is standard output.")
    ] = None,
) -> None:
    """Download one version."""
    with open_session(ctx) as session:
        path = api_path("artifacts", artifact, "versions", version)
        save(session, f"{path}/download", f"artifact-{artifact}-v{version}", to)


@app.command("delete")
def delete_version(
    ctx: typer.Context,
    *,
    artifact: _Id,
    version: _Number,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove one version."""
    with open_session(ctx) as session:
        confirm(f"Remove version {version} of artifact {artifact}?", yes=yes)
        path = api_path("artifacts", artifact, "versions", version)
        session.out.done(f"version {version} removed", session.client.delete(path))
