"""What the scenes of the demonstration have in common: words, a clock, a client."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from attune.cli.api_path import api_path
from attune.cli.connection import Connection, Credentials
from attune.clock import utc_now
from attune.domain.errors import NotConfigured

if TYPE_CHECKING:
    from attune.cli.client import ApiClient
    from attune.stack.stack import Stack


class Story:
    """Prints each step with the time since the story began."""

    def __init__(self) -> None:
        self._began_at = utc_now()

    def seconds(self, at: str | None = None) -> float:
        """Return the time since the beginning, until now or until then."""
        moment = datetime.fromisoformat(at) if at else utc_now()
        return max(0.0, (moment - self._began_at).total_seconds())

    def tell(self, text: str, at: str | None = None) -> None:
        """Print a step that happens now, or happened then."""
        step(f"{self.seconds(at):6.3f}  {text}")


def say(text: str) -> None:
    """Print a heading."""
    typer.secho(f"\n{text}", bold=True)


def step(text: str) -> None:
    """Print a line below a heading."""
    typer.echo(f"  {text}")


def in_one_line(value: object) -> str:
    """Return the value as JSON text, as people read it."""
    return json.dumps(value, ensure_ascii=False)


@contextmanager
def administrator(stack: "Stack") -> Iterator["ApiClient"]:
    """Give the client of the stack's administrator."""
    from attune.cli.client import ApiClient  # noqa: PLC0415 - slow to import

    credentials = Credentials(login="admin", password=stack.admin_password)
    client = ApiClient(Connection(stack.api_url, "demo", credentials))
    try:
        client.renew()
        yield client
    finally:
        client.close()


def load_pack(client: "ApiClient", ref: str, *kinds: str) -> None:
    """Upload an example pack, and say what it has of these kinds."""
    from attune.cli.pack_archive import pack_archive  # noqa: PLC0415 - only needed here

    say(f"Loading the example pack {ref}")
    with pack_archive(_pack_directory(ref)) as archive:
        client.upload(api_path("packs", "upload"), archive, f"{ref}.tar.gz", {})
    for kind in kinds:
        found = client.items(api_path("packs", ref, kind), {}, 100)
        step(f"{kind:<9} {', '.join(item['ref'] for item in found)}")


def _pack_directory(ref: str) -> Path:
    places = (Path(__file__).parents[2], Path.cwd())
    for place in places:
        directory = place / "examples" / "packs" / ref
        if (directory / "pack.yaml").is_file():
            return directory
    raise NotConfigured(f"examples/packs/{ref} is missing: run it in the checkout")
