"""The first scene of the demonstration: a webhook and all that becomes of it."""

from typing import TYPE_CHECKING, Any, Final

from attune.cli.api_path import api_path
from attune.cli.demo_stage import Story, in_one_line, load_pack, say, step
from attune.cli.document import as_json
from attune.cli.progress import Progress

if TYPE_CHECKING:
    from attune.cli.client import ApiClient

PACK: Final = "hello"
TRIGGER: Final = "hello.visitor"
PAYLOAD: Final = {"name": "Ada", "visits": 3, "languages": ["French", "English"]}


def show_webhook(client: "ApiClient") -> str:
    """Show the way from an event to a result; return the status of the execution."""
    load_pack(client, PACK, "actions", "triggers", "rules")
    say("Sending a webhook")
    event_id, story = _send(client)
    say("What becomes of it, in seconds since it was sent")
    execution = _follow_event(client, event_id, story)
    ended = _follow_execution(client, execution, story)
    say("The result")
    _print_result(ended["result"])
    return str(ended["status"])


def _send(client: "ApiClient") -> tuple[int, "_Watched"]:
    trigger = client.post(api_path("triggers", TRIGGER, "webhooks", "enable"))
    path = api_path("webhooks", trigger["webhook_key"])
    step(f"POST {path} {in_one_line(PAYLOAD)}")
    story = _Watched()
    answer = client.post(path, PAYLOAD, anonymous=True)
    step(f"answered after {story.seconds():.3f} s: it is on record")
    return int(answer["event_id"]), story


def _follow_event(client: "ApiClient", event_id: int, story: Story) -> dict[str, Any]:
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
    client: "ApiClient", execution: dict[str, Any], story: "_Watched"
) -> dict[str, Any]:
    from attune.cli.follow import Follower  # noqa: PLC0415 - only needed here

    with Follower(client, execution, story) as follower:
        return dict(follower.wait())


def _print_result(result: dict[str, Any]) -> None:
    shown = result.get("data") or result.get("stdout") or result
    text = shown if isinstance(shown, str) else as_json(shown)
    for line in text.splitlines():
        step(line)


class _Watched(Story):
    """A screen for whoever follows an execution: its news are steps of the story."""

    def __init__(self) -> None:
        super().__init__()
        self._status = "requested"

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

    def progress(self, progress: Progress) -> None:
        """Tell how far it has come."""
        self.tell(str(progress))

    def note(self, text: str) -> None:
        """Tell something about the connection."""
        self.tell(text)

    def tick(self) -> None:
        """Tell nothing: the steps say enough."""
