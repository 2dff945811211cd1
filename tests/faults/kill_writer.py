"""A sender that repeats itself until it is answered, as every serious one does."""

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx

from tests.faults.kill_history import History
from tests.support.api import Person

WRITERS: Final = 8
LONGEST_GAP_SECONDS: Final = 1.2
DROPPED: Final = 0.01
"""How often the connection is dropped before the answer can be read."""
LONGEST_DROP_SECONDS: Final = 0.05
BATCH_SIZE: Final = 3
PASSING: Final = {503}


class Writer:
    """Sends webhooks, events and batches, each event under a key of its own."""

    def __init__(
        self, person: Person, hook: str, trigger: str, history: History, number: int
    ) -> None:
        self._person = person
        self._hook = hook
        self._trigger = trigger
        self._history = history
        self._name = f"writer-{number}"
        self._dice = random.Random(number)  # noqa: S311 - a seed makes a failure repeatable
        self._count = 0

    async def run(self) -> None:
        """Send until the loop is over, and see everything acknowledged."""
        while not self._history.is_over:
            way = self._dice.choice((self._deliver, self._emit, self._emit_many))
            await way()
            await asyncio.sleep(self._dice.uniform(0, LONGEST_GAP_SECONDS))

    def _key(self) -> str:
        self._count += 1
        return f"{self._name}-{self._count}"

    async def _deliver(self) -> None:
        key = self._key()
        answer = await self._acknowledged(
            self._hook, {"payload": {"key": key}}, {"Idempotency-Key": key}
        )
        self._history.accept("webhook", key, answer["event_id"])

    async def _emit(self) -> None:
        key = self._key()
        answer = await self._acknowledged(
            "/api/v1/events", self._event(key), {"Idempotency-Key": key}
        )
        self._history.accept("event", key, answer["data"]["id"])

    async def _emit_many(self) -> None:
        keys = [self._key() for _ in range(BATCH_SIZE)]
        events = [self._event(key) | {"idempotency_key": key} for key in keys]
        answer = await self._acknowledged(
            "/api/v1/events/batch", {"events": events}, {}
        )
        for key, result in zip(keys, answer["data"]["results"], strict=True):
            assert result["status"] in {200, 201}, result
            self._history.accept("batch", key, result["id"])

    def _event(self, key: str) -> dict[str, Any]:
        return {"trigger_ref": self._trigger, "payload": {"key": key}}

    async def _acknowledged(
        self, path: str, body: object, headers: Mapping[str, str]
    ) -> Any:
        """Send until there is an answer that says that it is on record."""
        while True:
            was_quiet = self._history.is_quiet
            begun = time.perf_counter()
            response = await self._attempt(path, body, headers)
            if response is not None and response.is_success:
                seconds = time.perf_counter() - begun
                if was_quiet and self._history.is_quiet:
                    self._history.quiet_ms.append(seconds * 1000)
                return response.json()
            await asyncio.sleep(0.1)

    async def _attempt(
        self, path: str, body: object, headers: Mapping[str, str]
    ) -> httpx.Response | None:
        """Send once; None where nobody can tell what became of it."""
        drops = self._dice.random() < DROPPED
        patience = self._dice.uniform(0, LONGEST_DROP_SECONDS) if drops else None
        try:
            async with asyncio.timeout(patience):
                response = await self._person.http.post(
                    path, json=body, headers=dict(headers)
                )
        except (httpx.TransportError, TimeoutError) as lost:
            self._history.repeats[type(lost).__name__] += 1
            return None
        if not response.is_success:
            assert response.status_code in PASSING, response.text
            self._history.repeats[str(response.status_code)] += 1
        return response
