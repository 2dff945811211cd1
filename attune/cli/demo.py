"""The demonstration: a stack of its own, a real webhook, and all that becomes of it."""

import asyncio
import json
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from attune.cli.api_path import api_path
from attune.cli.connection import Connection, Credentials
from attune.cli.exit_code import ExitCode
from attune.clock import utc_now
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
    try:
        status = asyncio.run(_demo())
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    raise typer.Exit(ExitCode.of_status(status))


async def _demo() -> str:
    from attune.stack.stack import Stack  # noqa: PLC0415 - slow, and only needed here

    _end_as_with_interrupt(signal.SIGTERM, signal.SIGHUP)
    begun_at = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="attune-demo-") as directory:
        _say("Starting PostgreSQL, Temporal, API, orchestrator and worker")
        async with Stack(Path(directory), report=_step) as stack:
            # The stack needs this thread's loop; the demonstration waits in another.
            status = await _beside(lambda: _show(stack))
    _say(f"All stopped and gone, after {time.monotonic() - begun_at:.0f} s in all")
    return status


def _end_as_with_interrupt(*signals: signal.Signals) -> None:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, task.cancel if task else loop.stop)


async def _beside(work: Callable[[], str]) -> str:
    """Do this in a thread, and wait for it no longer than we are wanted ourselves."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    outcome: list[str | BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            outcome.append(error)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=run, daemon=True).start()
    await done.wait()
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def _show(stack: "Stack") -> str:
    _say("Where to look, while this runs")
    _places(stack.api_url, stack.temporal_ui_url)
    with _client(stack) as client:
        _say(f"Loading the example pack {PACK}")
        _load_pack(client)
        _say("Sending a webhook")
        event_id, story = _send(client)
        _say("What becomes of it, in seconds since it was sent")
        execution = _follow_event(client, event_id, story)
        ended = _follow_execution(client, execution, story)
    _say("The result")
    _print_result(ended["result"])
    _say("Go on with `make up`, which starts a stack that stays:")
    _places("http://127.0.0.1:8080", "http://127.0.0.1:8233")
    return str(ended["status"])


def _places(api_url: str, temporal_ui_url: str) -> None:
    _step(f"API document     {api_url}/docs")
    _step(f"Temporal Web UI  {temporal_ui_url}")


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


def _send(client: "ApiClient") -> tuple[int, "_Story"]:
    trigger = client.post(api_path("triggers", TRIGGER, "webhooks", "enable"))
    path = api_path("webhooks", trigger["webhook_key"])
    _step(f"POST {path} {_json(PAYLOAD)}")
    story = _Story()
    answer = client.post(path, PAYLOAD, anonymous=True)
    _step(f"answered after {story.seconds():.3f} s: it is on record")
    return int(answer["event_id"]), story


def _follow_event(
    client: "ApiClient", event_id: int, story: "_Story"
) -> dict[str, Any]:
    event = client.get(api_path("events", event_id))
    story.tell(f"event {event_id} of trigger {event['trigger_ref']}", event["created"])
    [enforcement] = client.items(api_path("enforcements"), {"event": event_id}, 1)
    story.tell(
        f"rule {enforcement['rule_ref']} matches: enforcement {enforcement['id']}",
        enforcement["created"],
    )
    path = api_path("enforcements", enforcement["id"], "executions")
    [execution] = client.items(path, {}, 1)
    story.tell(
        f"execution {execution['id']} of action {execution['action_ref']} requested",
        execution["created"],
    )
    return dict(client.get(api_path("executions", execution["id"])))


def _follow_execution(
    client: "ApiClient", execution: dict[str, Any], story: "_Story"
) -> dict[str, Any]:
    from attune.cli.follow import Follower  # noqa: PLC0415 - only needed here

    with Follower(client, execution, story) as follower:
        return dict(follower.wait())


def _print_result(result: dict[str, Any]) -> None:
    shown = result.get("data") or result.get("stdout") or result
    text = shown if isinstance(shown, str) else _json(shown, indent=2)
    for line in text.splitlines():
        _step(line)


class _Story:
    """Prints each step with its time since the webhook was sent."""

    def __init__(self) -> None:
        self._sent_at = utc_now()
        self._status = "requested"

    def seconds(self, at: str | None = None) -> float:
        """Return the time since the webhook was sent, until now or until then."""
        moment = datetime.fromisoformat(at) if at else utc_now()
        return max(0.0, (moment - self._sent_at).total_seconds())

    def tell(self, text: str, at: str | None = None) -> None:
        """Print a step that happens now, or happened then."""
        _step(f"{self.seconds(at):6.3f}  {text}")

    def status(self, execution: dict[str, Any]) -> None:
        """Tell a status that is another than before."""
        status = execution["status"]
        if status == self._status:
            return
        self._status = status
        if status == "running":
            workflow = f"Temporal's workflow {execution['workflow_id']}"
            text = f"running on worker {execution['worker']}, driven by {workflow}"
            self.tell(text, execution["started_at"])
        else:
            self.tell(status)

    def output(self, stream: str, text: str) -> None:
        """Tell what the action printed."""
        for line in text.splitlines():
            self.tell(f"{stream} | {line}")

    def note(self, text: str) -> None:
        """Tell something about the connection."""
        self.tell(text)

    def tick(self) -> None:
        """Tell nothing: the steps say enough."""


def _json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _say(text: str) -> None:
    typer.secho(f"\n{text}", bold=True)


def _step(text: str) -> None:
    typer.echo(f"  {text}")
