"""The second scene of the demonstration: a release waits for a person."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from attune.cli.api_path import api_path
from attune.cli.demo_stage import Story, load_pack, say, step
from attune.cli.errors import CommandError
from attune.cli.exit_code import TERMINAL_STATUSES

if TYPE_CHECKING:
    from attune.cli.client import ApiClient

WORKFLOW: Final = "release.release"
ANSWER: Final = {"approved": True, "comment": "Go ahead"}
ANSWER_AS_TYPED: Final = "approved=true comment='Go ahead'"
DEADLINE_SECONDS: Final = 3
_LOOK_SECONDS: Final = 0.1
_MOST_SECONDS: Final = 60


def show_release(client: "ApiClient") -> str:
    """Show a release that is approved and one that is not; return their status."""
    load_pack(client, "release", "actions", "workflows")
    approved = _show_approved(client)
    expired = _show_expired(client)
    # Whichever went wrong is what came of the scene.
    return approved if approved != "completed" else expired


def _show_approved(client: "ApiClient") -> str:
    say("Releasing shop 1.5: to staging, then a person is asked, then to production")
    release = _Release(client, version="1.5")
    release.follow(until=_waits_for_answer)
    if _waits_for_answer(release.execution):
        _answer(client, release)
    release.follow(until=_has_ended)
    return release.conclude()


def _show_expired(client: "ApiClient") -> str:
    say(f"Releasing shop 1.6, and nobody answers for {DEADLINE_SECONDS} s")
    release = _Release(client, version="1.6", answer_within=DEADLINE_SECONDS)
    release.follow(until=_has_ended)
    return release.conclude()


def _answer(client: "ApiClient", release: "_Release") -> None:
    inquiry_id = release.execution["waiting_for"]["inquiry"]
    step(f"$ attune inquiry respond {inquiry_id} {ANSWER_AS_TYPED}")
    path = api_path("inquiries", inquiry_id, "respond")
    inquiry = client.post(path, {"response": ANSWER})
    release.story.tell(f"inquiry {inquiry_id} is answered", inquiry["responded_at"])


class _Release:
    """One run of the workflow, told as it goes."""

    def __init__(self, client: "ApiClient", **parameters: Any) -> None:
        self._client = client
        self._told: set[object] = set()
        given = {"service": "shop", **parameters}
        words = " ".join(f"{name}={value}" for name, value in given.items())
        step(f"$ attune run {WORKFLOW} {words} --no-wait")
        self.story = Story()
        request = {"action_ref": WORKFLOW, "parameters": given}
        self.execution = client.post(api_path("executions", "execute"), request)
        self.story.tell(f"execution {self.execution['id']} requested")

    def follow(self, until: Callable[[dict[str, Any]], bool]) -> None:
        """Tell what happens until the execution is where it should be."""
        path = api_path("executions", self.execution["id"])
        give_up_at = time.monotonic() + _MOST_SECONDS
        while True:
            self.execution = self._client.get(path)
            self._tell_news()
            if until(self.execution) or _has_ended(self.execution):
                return
            if time.monotonic() > give_up_at:
                raise CommandError(f"execution {self.execution['id']} does not go on")
            time.sleep(_LOOK_SECONDS)

    def conclude(self) -> str:
        """Show the executions that it was made of, and return its status."""
        outcome = (self.execution.get("result") or {}).get("outcome")
        status = str(self.execution["status"])
        say(f"Execution {self.execution['id']} of {WORKFLOW} {status}: {outcome}")
        tasks = self._tasks()
        for task in tasks:
            step(f"{'└─' if task is tasks[-1] else '├─'} {_in_tree(task)}")
        return status

    def _tell_news(self) -> None:
        for task in self._tasks():
            if _has_ended(task):
                self._tell_once(task["id"], _ended(task), task["finished_at"])
        waiting = self.execution.get("waiting_for") or {}
        if waiting.get("kind") == "inquiry":
            self._tell_question(waiting)

    def _tell_question(self, waiting: dict[str, Any]) -> None:
        text = f"execution {self.execution['id']} waits: {waiting['message']}"
        inquiry = self._client.get(api_path("inquiries", waiting["inquiry"]))
        self._tell_once(text, f"{text}: {inquiry['prompt']}", waiting["since"])

    def _tell_once(self, key: object, text: str, at: str) -> None:
        if key not in self._told:
            self._told.add(key)
            self.story.tell(text, at)

    def _tasks(self) -> list[dict[str, Any]]:
        """Return the executions of its tasks, the oldest first."""
        wanted = {"parent": self.execution["id"]}
        newest_first = self._client.items(api_path("executions"), wanted, 100)
        return list(newest_first)[::-1]


def _waits_for_answer(execution: dict[str, Any]) -> bool:
    return (execution.get("waiting_for") or {}).get("kind") == "inquiry"


def _has_ended(execution: dict[str, Any]) -> bool:
    return execution["status"] in TERMINAL_STATUSES


def _ended(task: dict[str, Any]) -> str:
    name = task["workflow_task"]["task_name"]
    return f"task {name} {task['status']} (execution {task['id']})"


def _in_tree(task: dict[str, Any]) -> str:
    name = task["workflow_task"]["task_name"]
    return f"{task['id']:>2} {name:<18} {task['action_ref']:<18} {task['status']}"
