"""The demonstration: a stack of its own, a real webhook, and all that becomes of it."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from attune.cli.api_path import api_path
from attune.cli.connection import Connection, Credentials
from attune.cli.exit_code import ExitCode
from attune.domain.errors import NotConfigured
from attune.log import set_up_logging

if TYPE_CHECKING:
    from attune.cli.client import ApiClient
    from attune.stack.stack import Stack

PACK = "hello"
TRIGGER = "hello.visitor"
PAYLOAD = {"name": "Ada", "visits": 3, "languages": ["French", "English"]}


def demo() -> None:
    """Show the way of an event on a stack of its own, which is gone afterwards."""
    set_up_logging("error", "text", part="demo")
    status = asyncio.run(_demo())
    if status != "completed":
        raise typer.Exit(ExitCode.FAILED)


async def _demo() -> str:
    from attune.stack.stack import Stack  # noqa: PLC0415 - slow, and only needed here

    begun_at = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="attune-demo-") as directory:
        _say("Starting PostgreSQL, Temporal, API, orchestrator and worker")
        async with Stack(Path(directory), report=_step) as stack:
            # The stack needs this thread's loop; the demonstration waits in another.
            status = await asyncio.to_thread(_show, stack)
        _step(f"all stopped, {time.monotonic() - begun_at:.0f} s in all")
    return status


def _show(stack: "Stack") -> str:
    with _client(stack) as client:
        _say(f"Loading the example pack {PACK}")
        _load_pack(client)
        _say("Sending a webhook")
        event_id = _send(client)
        _say("What becomes of it")
        execution = _follow_event(client, event_id)
        ended = _follow_execution(client, execution)
        _print_end(ended)
    _say("While a stack runs, these show more (`make up` starts one that stays)")
    _step(f"API document     {stack.api_url}/docs")
    _step(f"Temporal Web UI  {stack.temporal_ui_url}")
    return str(ended["status"])


@contextmanager
def _client(stack: "Stack") -> Iterator["ApiClient"]:
    from attune.cli.client import ApiClient  # noqa: PLC0415 - slow to import

    credentials = Credentials(login="admin", password=stack.admin_password)
    client = ApiClient(Connection(stack.api_url, "demo", credentials))
    try:
        client.renew()
        yield client
    finally:
        client.close()


def _load_pack(client: "ApiClient") -> None:
    from attune.cli.pack_archive import pack_archive  # noqa: PLC0415 - only needed here

    with pack_archive(_pack_directory()) as archive:
        client.upload(api_path("packs", "upload"), archive, f"{PACK}.tar.gz", {})
    for kind in ("actions", "triggers", "rules"):
        path = api_path("packs", PACK, kind)
        refs = ", ".join(item["ref"] for item in client.items(path, {}, 100))
        _step(f"{kind:<9} {refs}")


def _pack_directory() -> Path:
    places = (Path(__file__).parents[2], Path.cwd())
    for place in places:
        directory = place / "examples" / "packs" / PACK
        if (directory / "pack.yaml").is_file():
            return directory
    raise NotConfigured(f"examples/packs/{PACK} is missing: run it in the checkout")


def _send(client: "ApiClient") -> int:
    trigger = client.post(api_path("triggers", TRIGGER, "webhooks", "enable"))
    path = api_path("webhooks", trigger["webhook_key"])
    answer = client.post(path, PAYLOAD, anonymous=True)
    key = f"{trigger['webhook_key'][:7]}…"
    _step(f"POST /api/v1/webhooks/{key} {PAYLOAD}")
    return int(answer["event_id"])


def _follow_event(client: "ApiClient", event_id: int) -> dict[str, Any]:
    event = client.get(api_path("events", event_id))
    _step(f"event {event_id} of trigger {event['trigger_ref']}")
    query = {"event": event_id}
    [enforcement] = client.items(api_path("enforcements"), query, 1)
    _step(f"rule {enforcement['rule_ref']} matches: enforcement {enforcement['id']}")
    path = api_path("enforcements", enforcement["id"], "executions")
    [execution] = client.items(path, {}, 1)
    _step(f"execution {execution['id']} of action {execution['action_ref']}")
    return dict(client.get(api_path("executions", execution["id"])))


def _follow_execution(client: "ApiClient", execution: dict[str, Any]) -> dict[str, Any]:
    from attune.cli.follow import Follower  # noqa: PLC0415 - only needed here

    with Follower(client, execution, _Screen()) as follower:
        return dict(follower.wait())


def _print_end(ended: dict[str, Any]) -> None:
    result = ended["result"]
    _step(f"result: {result.get('data') or result.get('stdout') or result}")
    if link := ended.get("links", {}).get("temporal"):
        _step(f"inside the run: {link}")


class _Screen:
    """Shows each status with the time since the first one, and output as it comes."""

    def __init__(self) -> None:
        self._begun_at = time.monotonic()
        self._status = ""

    def status(self, execution: dict[str, Any]) -> None:
        if execution["status"] != self._status:
            self._status = execution["status"]
            _step(f"{self._elapsed()}  {self._status}")

    def output(self, stream: str, text: str) -> None:
        for line in text.splitlines():
            _step(f"{self._elapsed()}  {stream} | {line}")

    def note(self, text: str) -> None:
        _step(text)

    def tick(self) -> None:
        """Show nothing: the lines say enough."""

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._begun_at:5.2f} s"


def _say(text: str) -> None:
    typer.secho(f"\n{text}", bold=True)


def _step(text: str) -> None:
    typer.echo(f"  {text}")
