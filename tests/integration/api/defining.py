"""Definitions made over HTTP, each with working defaults."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from attune.db.models import Pack, Runtime
from tests.integration.api.people import Api, Person
from tests.support.builders import make_pack, make_runtime


@dataclass(frozen=True)
class Workshop:
    """A pack that everybody sees, with a runtime, and somebody who works there."""

    api: Api
    pack: Pack
    runtime: Runtime
    who: Person

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        who: Person | None = None,
        **query: Any,
    ) -> httpx.Response:
        """Send a request to `/api/v1`, as the one who works here or somebody else."""
        return await self.api.client.request(
            method,
            f"/api/v1{path}",
            json=body,
            params=query,
            headers=(who or self.who).headers,
        )

    async def send_until_served(
        self, method: str, path: str, body: object = None
    ) -> httpx.Response:
        """Send a request, and again while the API says that it is too busy."""
        while True:
            answer = await self.send(method, path, body)
            if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                return answer

    async def get(self, path: str, **query: Any) -> Any:
        """Return the answer's `data`, or a whole list."""
        answer = await self.send("GET", path, **query)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        return document.get("data", document)

    async def post(self, path: str, body: object = None) -> Any:
        """Return the answer's `data`."""
        answer = await self.send("POST", path, body)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    async def put(self, path: str, body: object) -> Any:
        """Return the answer's `data`."""
        answer = await self.send("PUT", path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def action_body(self, name: str = "work", **fields: Any) -> dict[str, Any]:
        """Return the body of a new action of shell code."""
        return {
            "ref": f"{self.pack.ref}.{name}",
            "pack_ref": self.pack.ref,
            "label": "Work",
            "entrypoint": "echo done",
            "runtime_ref": self.runtime.ref,
        } | fields

    def trigger_body(self, name: str = "fired", **fields: Any) -> dict[str, Any]:
        """Return the body of a new trigger."""
        return {
            "ref": f"{self.pack.ref}.{name}",
            "pack_ref": self.pack.ref,
            "label": "Fired",
        } | fields

    def rule_body(self, name: str = "when", **fields: Any) -> dict[str, Any]:
        """Return the body of a rule from `fired` to `work`."""
        return {
            "ref": f"{self.pack.ref}.{name}",
            "pack_ref": self.pack.ref,
            "label": "When",
            "trigger_ref": f"{self.pack.ref}.fired",
            "action_ref": f"{self.pack.ref}.work",
        } | fields

    def workflow_body(self, name: str = "flow", **fields: Any) -> dict[str, Any]:
        """Return the body of a new workflow of one task, which runs `work`."""
        task = {"name": "only", "action": f"{self.pack.ref}.work"}
        return {
            "ref": f"{self.pack.ref}.{name}",
            "pack_ref": self.pack.ref,
            "label": "Flow",
            "version": "1.0.0",
            "definition": {"version": "1.0.0", "tasks": [task]},
        } | fields

    async def action(self, name: str = "work", **fields: Any) -> Any:
        """Make an action of shell code."""
        return await self.post("/actions", self.action_body(name, **fields))

    async def trigger(self, name: str = "fired", **fields: Any) -> Any:
        """Make a trigger."""
        return await self.post("/triggers", self.trigger_body(name, **fields))

    async def rule(self, name: str = "when", **fields: Any) -> Any:
        """Make a rule from `fired` to `work`."""
        return await self.post("/rules", self.rule_body(name, **fields))

    async def workflow(self, name: str = "flow", **fields: Any) -> Any:
        """Make a workflow of one task, which runs `work`."""
        return await self.post("/workflows", self.workflow_body(name, **fields))

    async def webhook(self, name: str = "fired", **fields: Any) -> str:
        """Make a trigger with an open webhook, and return its path."""
        trigger = await self.trigger(name, **fields)
        opened = await self.post(f"/triggers/{trigger['ref']}/webhooks/enable")
        return f"/api/v1/webhooks/{opened['webhook_key']}"


async def make_workshop(api: Api) -> Workshop:
    """Make a pack and somebody who may do everything in it."""
    async with api.database.transaction() as tx:
        pack = await make_pack(tx)
        runtime = await make_runtime(tx, pack)
    return Workshop(api, pack, runtime, await api.administrator())


async def make_private_pack(api: Api, owner: Person) -> Pack:
    """Make a pack that only its owner sees."""
    async with api.database.transaction() as tx:
        return await make_pack(tx, owner_identity_id=owner.id)


def refs(listed: Any) -> list[str]:
    """Return the refs of a list, in its order."""
    return [item["ref"] for item in listed["items"]]


def statuses(answers: Sequence[httpx.Response]) -> dict[int, int]:
    """Count the answers by status."""
    counted: dict[int, int] = {}
    for answer in answers:
        counted[answer.status_code] = counted.get(answer.status_code, 0) + 1
    return counted
