"""Files on their way to and from artifacts, piece by piece."""

import mimetypes
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from attune.cli.document import JsonObject
from attune.cli.errors import CommandError
from attune.cli.session import Session

STANDARD_OUTPUT = Path("-")


def upload_file(
    session: Session, path: str, file: Path, fields: Mapping[str, str | None]
) -> JsonObject:
    """Upload a file with the fields that are given; returns the version."""
    guessed = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    given = {name: str(value) for name, value in fields.items() if value is not None}
    try:
        with file.open("rb") as content:
            version: JsonObject = session.client.upload(
                path,
                content,
                file.name,
                given,
                field="file",
                content_type=given.get("content_type", guessed),
            )
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}") from error
    return version


def save(session: Session, path: str, name: str, to: Path | None) -> None:
    """Download to a file that is not there yet, or to standard output."""
    pieces = session.client.download(path)
    if to == STANDARD_OUTPUT:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.flush()
        return
    target = to or Path(name)
    if target.is_dir():
        target /= name
    part = target.with_name(f".{target.name}.part")
    if target.exists():
        raise CommandError(f"{target} exists already; name another with --to")
    try:
        with part.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        part.rename(target)
    except OSError as error:
        raise CommandError(f"cannot write {target}: {error.strerror}") from error
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
    session.out.done(f"saved as {target}", {"path": str(target)})
