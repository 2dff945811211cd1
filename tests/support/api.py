"""A person with a token, as the tests of running processes need one."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx

from attune.stack.stack import Stack
from tests.support.eventually import eventually

TERMINAL = {"completed", "failed", "timeout", "abandoned", "cancelled"}


class Person:
    """Speaks HTTP to a stack as its administrator, and says what it wants in a line."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.http = httpx.AsyncClient(base_url=stack.api_url, timeout=60)
        self._number = 0

    async def log_in(self) -> None:
        login = {"login": "admin", "password": self.stack.admin_password}
        answer = await self.post("/auth/login", login)
        self.http.headers["Authorization"] = f"Bearer {answer['data']['access_token']}"

    async def close(self) -> None:
        await self.http.aclose()

    async def post(self, path: str, body: object = None) -> dict[str, Any]:
        response = await self.http.post(path, json=body)
        assert response.is_success, f"{path}: {response.status_code} {response.text}"
        answer: dict[str, Any] = response.json()
        return answer

    async def get(self, path: str, **query: Any) -> Any:
        response = await self.http.get(path, params=query)
        assert response.is_success, f"{path}: {response.status_code} {response.text}"
        return response.json()

    async def patiently(self, path: str, body: object) -> dict[str, Any]:
        """Post until it is accepted, as a sender that retries would."""
        while True:
            try:
                response = await self.http.post(path, json=body)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if response.is_success:
                answer: dict[str, Any] = response.json()
                return answer
            assert response.status_code in {500, 502, 503}, response.text
            await asyncio.sleep(0.1)

    async def make_pack(self, ref: str) -> None:
        await self.post("/api/v1/packs", {"ref": ref, "label": ref, "version": "1.0.0"})

    async def make_action(
        self, ref: str, code: str, *, runtime: str = "core.shell", **more: Any
    ) -> str:
        """Make an action from source code and return its ref."""
        body = {
            "ref": ref,
            "label": ref,
            "pack_ref": ref.split(".", maxsplit=1)[0],
            "entrypoint": code,
            "runtime_ref": runtime,
            **more,
        }
        await self.post("/api/v1/actions", body)
        return ref

    async def make_hook(self, trigger: str, action: str, **rule: Any) -> str:
        """Make a webhook whose rule executes the action; returns its path."""
        pack = trigger.split(".", maxsplit=1)[0]
        await self.post(
            "/api/v1/triggers", {"ref": trigger, "label": trigger, "pack_ref": pack}
        )
        enabled = await self.post(f"/api/v1/triggers/{trigger}/webhooks/enable")
        await self.post(
            "/api/v1/rules",
            {
                "ref": f"{trigger}_rule",
                "label": "Rule",
                "pack_ref": pack,
                "trigger_ref": trigger,
                "action_ref": action,
                **rule,
            },
        )
        return f"/api/v1/webhooks/{enabled['data']['webhook_key']}"

    async def execute(self, action: str, **parameters: Any) -> int:
        body = {"action_ref": action, "parameters": parameters}
        return int((await self.post("/api/v1/executions/execute", body))["id"])

    async def execution(self, execution_id: int) -> dict[str, Any]:
        found: dict[str, Any] = await self.get(f"/api/v1/executions/{execution_id}")
        data: dict[str, Any] = found["data"]
        return data

    async def reaches(
        self, execution_id: int, *statuses: str, seconds: float = 60
    ) -> dict[str, Any]:
        """Wait until the execution stands there; the whole of it comes back."""
        last: dict[str, Any] = {}

        async def stands() -> bool:
            nonlocal last
            last = await self.execution(execution_id)
            return last["status"] in statuses

        try:
            await eventually(stands, seconds=seconds)
        except AssertionError:
            raise AssertionError(f"stays {last}") from None
        return last

    async def ends(self, execution_id: int, *, seconds: float = 60) -> dict[str, Any]:
        return await self.reaches(execution_id, *TERMINAL, seconds=seconds)

    async def patiently_ends(
        self, execution_id: int, *, seconds: float = 150
    ) -> dict[str, Any]:
        """Wait for the end, although the API may be gone for a while meanwhile."""
        last: dict[str, Any] = {}

        async def has_ended() -> bool:
            nonlocal last
            try:
                last = await self.execution(execution_id)
            except (httpx.TransportError, AssertionError):
                return False
            return last["status"] in TERMINAL

        try:
            await eventually(has_ended, seconds=seconds)
        except AssertionError:
            raise AssertionError(f"stays {last}") from None
        return last

    async def executions_of(self, rule_ref: str) -> Sequence[dict[str, Any]]:
        """Return all executions of a rule, however many pages they fill."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = await self.get(
                "/api/v1/executions", rule_ref=rule_ref, per_page=100, page=page
            )
            found += answer["items"]
            if not answer["pagination"]["has_next"]:
                return found
            page += 1

    async def worker_is_there(self, runtime: str = "Shell") -> None:
        """Wait until a worker offers the runtime."""

        async def offered() -> bool:
            workers = (await self.get("/api/v1/workers"))["items"]
            return any(
                each["health_state"] in {"active", "busy"}
                and any(r["name"] == runtime for r in each["supported_runtimes"])
                for each in workers
            )

        await eventually(offered, seconds=30)
