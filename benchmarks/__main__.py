"""Compare Attune with a bare Temporal program on the same servers, in one go.

(a) a bare Temporal program: one workflow, one activity on a second queue, no database
(b) POST /executions/execute of core.noop, a real process, to `completed`
(c) a webhook that a rule turns into core.noop, to `completed`
(d) many executions requested at once, which the dispatcher hosts together
(e), (f) workflows, see `benchmarks.workflow`

Prints a table and writes it as JSON. Absolute numbers are the machine's; the ratios
to (a) are ours.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from attune.stack.stack import Stack
from benchmarks.bare import WORKFLOW_QUEUE, BareWorkflow
from benchmarks.completions import Completions
from benchmarks.cpu import cpu_seconds, spent
from benchmarks.workflow import (
    Comparison,
    chart,
    compare,
    make_workflows,
    measure_items,
    show_comparisons,
)

CONCURRENCY = 50

Item = Callable[[], Awaitable[float]]
"""Do one item and return the moment it was done."""


@dataclass
class Measure:
    """What one contender reached."""

    name: str
    throughput: float = 0.0
    """Items a second with 50 at a time."""
    median_ms: float = 0.0
    p95_ms: float = 0.0
    cpu_ms: dict[str, float] = field(default_factory=dict)
    """Milliseconds of CPU for each item, by process."""


async def throughput(item: Item, count: int, concurrency: int = CONCURRENCY) -> float:
    """Return items a second with so many under way at a time."""
    left = iter(range(count))
    begun = time.perf_counter()

    async def lane() -> None:
        for _ in left:
            await item()

    await asyncio.gather(*(lane() for _ in range(concurrency)))
    return count / (time.perf_counter() - begun)


async def latencies(item: Item, count: int) -> tuple[float, float]:
    """Return median and 95th percentile in milliseconds, one at a time."""
    spans = []
    for _ in range(count):
        begun = time.perf_counter()
        spans.append(1000 * (await item() - begun))
    return statistics.median(spans), statistics.quantiles(spans, n=20)[-1]


async def measure(
    name: str, item: Item, pids: dict[str, int], *, many: int, few: int
) -> Measure:
    """Warm up, then measure latency and throughput."""
    await throughput(item, min(many, 60))
    median, p95 = await latencies(item, few)
    before = cpu_seconds(pids)
    rate = await throughput(item, many)
    used = spent(before, cpu_seconds(pids), many)
    return Measure(name, rate, median, p95, used)


@contextmanager
def bare_workers(stack: Stack) -> Iterator[dict[str, int]]:
    """Run the workers of the bare program, and tell their process ids."""
    command = [sys.executable, "-m", "benchmarks.bare"]
    workers = {
        role: subprocess.Popen([*command, role, stack.temporal_address])  # noqa: S603 - our own module
        for role in ("workflows", "activities")
    }
    try:
        yield {role: worker.pid for role, worker in workers.items()}
    finally:
        for worker in workers.values():
            worker.kill()


async def measure_bare(stack: Stack, *, many: int, few: int) -> Measure:
    """Measure (a)."""
    with bare_workers(stack) as pids:
        client = await Client.connect(
            stack.temporal_address, data_converter=pydantic_data_converter
        )
        number = iter(range(10**9))

        async def item() -> float:
            at = next(number)
            await client.execute_workflow(
                BareWorkflow.run, at, id=f"bare-{at}", task_queue=WORKFLOW_QUEUE
            )
            return time.perf_counter()

        pids["temporal"] = stack.pid("temporal") or 0
        return await measure("(a) bare Temporal", item, pids, many=many, few=few)


class Attune:
    """A client with an administrator's token."""

    def __init__(self, stack: Stack, completions: Completions) -> None:
        self._stack = stack
        self._completions = completions
        # The leanest client there is: what it uses is missing to what is measured.
        self._http = aiohttp.ClientSession(
            stack.api_url, timeout=aiohttp.ClientTimeout(total=60)
        )
        self._token: dict[str, str] = {}
        self._webhook = ""

    async def log_in(self) -> None:
        """Exchange the administrator's password for a token."""
        login = {"login": "admin", "password": self._stack.admin_password}
        answer = await self._post("/auth/login", login)
        token = answer["data"]["access_token"]
        self._token = {"Authorization": f"Bearer {token}"}

    async def prepare_webhook(self) -> None:
        """Make a trigger with a webhook and a rule that executes core.noop."""
        await self._post(
            "/api/v1/packs", {"ref": "bench", "label": "Bench", "version": "1.0.0"}
        )
        trigger = {"ref": "bench.hook", "label": "Hook", "pack_ref": "bench"}
        await self._post("/api/v1/triggers", trigger)
        enabled = await self._post("/api/v1/triggers/bench.hook/webhooks/enable", {})
        self._webhook = f"/api/v1/webhooks/{enabled['data']['webhook_key']}"
        rule = {
            "ref": "bench.rule",
            "label": "Rule",
            "pack_ref": "bench",
            "trigger_ref": "bench.hook",
            "action_ref": "core.noop",
            "conditions": {"expression": "{{ event.payload.value > 10 }}"},
        }
        await self._post("/api/v1/rules", rule)

    async def request(self) -> int:
        """Ask for core.noop and return the execution's id."""
        answer = await self._post(
            "/api/v1/executions/execute", {"action_ref": "core.noop"}
        )
        return int(answer["id"])

    async def execute(self) -> float:
        """Do item (b)."""
        return await self._completions.end_of(await self.request())

    async def hook(self) -> float:
        """Do item (c)."""
        query = {"trigger_ref": "bench.hook", "event": await self.post_hook()}
        [enforcement] = await self._list("/api/v1/enforcements", query)
        path = f"/api/v1/enforcements/{enforcement['id']}/executions"
        [execution] = await self._list(path, {})
        return await self._completions.end_of(execution["id"])

    async def post_hook(self) -> int:
        """Deliver the webhook and return the event's id."""
        answer = await self._post(self._webhook, {"payload": {"value": 42}})
        return int(answer["event_id"])

    async def make_workflows(self) -> None:
        """Make the workflows of (e), (f) and of the chart."""
        await make_workflows(self._post)

    async def run(self, action_ref: str, parameters: dict[str, Any]) -> float:
        """Execute an action and return how long it took."""
        begun = time.perf_counter()
        request = {"action_ref": action_ref, "parameters": parameters}
        answer = await self._post("/api/v1/executions/execute", request)
        return await self._completions.end_of(int(answer["id"])) - begun

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._http.post(path, json=body, headers=self._token) as response:
            response.raise_for_status()
            answer: dict[str, Any] = await response.json()
            return answer

    async def _list(self, path: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        async with self._http.get(path, params=query, headers=self._token) as response:
            response.raise_for_status()
            items: list[dict[str, Any]] = (await response.json())["items"]
            return items


async def measure_hooks(
    attune: Attune,
    completions: Completions,
    pids: dict[str, int],
    *,
    many: int,
    few: int,
) -> Measure:
    """Measure (c); under load only the end of all counts, so nothing else is asked."""
    median, p95 = await latencies(attune.hook, few)
    before, done = cpu_seconds(pids), completions.count
    begun = time.perf_counter()

    async def post() -> float:
        await attune.post_hook()
        return time.perf_counter()

    await throughput(post, many)
    ended = await completions.reach(done + many)
    used = spent(before, cpu_seconds(pids), many)
    return Measure("(c) webhook", many / (ended - begun), median, p95, used)


async def measure_burst(
    attune: Attune, completions: Completions, pids: dict[str, int], *, many: int
) -> Measure:
    """Measure (d): from the first request to the last end."""
    before, done = cpu_seconds(pids), completions.count
    begun = time.perf_counter()
    lanes = asyncio.Semaphore(CONCURRENCY)

    async def request() -> None:
        async with lanes:
            await attune.request()

    await asyncio.gather(*(request() for _ in range(many)))
    requested = time.perf_counter() - begun
    rate = many / (await completions.reach(done + many) - begun)
    used = spent(before, cpu_seconds(pids), many)
    print(f"(d) {many} requests took {requested:.1f} s")
    return Measure(f"(d) {many} at once", rate, 0, 0, used)


async def measure_workflows(
    stack: Stack, attune: Attune, *, rounds: int
) -> tuple[list[Comparison], list[tuple[int, float]]]:
    """Measure (e), (f) and the chart."""
    await attune.make_workflows()
    await attune.run("bench.fan", {})
    with bare_workers(stack):
        comparisons = await compare(stack, attune.run, rounds=rounds)
    return comparisons, await measure_items(attune.run)


@dataclass(frozen=True)
class Report:
    """Everything that was measured on one stack."""

    measures: list[Measure]
    comparisons: list[Comparison]
    items: list[tuple[int, float]]

    def show(self) -> None:
        """Print the tables and the chart."""
        show(self.measures)
        show_comparisons(self.comparisons)
        print(f"\nwith_items, 16 at a time\n{chart(self.items)}")

    def rows(self) -> dict[str, Any]:
        """Return it as JSON."""
        bare = self.measures[0].throughput
        return {
            "executions": [
                asdict(m) | {"ratio": round(m.throughput / bare, 3)}
                for m in self.measures
            ],
            "workflows": [
                asdict(c) | {"ratio": round(c.ratio, 3)} for c in self.comparisons
            ],
            "items": self.items,
        }


async def run(*, many: int, few: int, burst: int, rounds: int) -> Report:
    """Measure everything on one stack."""
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as directory:
        async with Stack(Path(directory)) as stack:
            measures = [await measure_bare(stack, many=many, few=few)]
            names = ("api", "orchestrator", "worker", "temporal", "postgres")
            pids = {name: stack.pid(name) or 0 for name in names}
            async with Completions(stack.database_url) as completions:
                attune = Attune(stack, completions)
                await attune.log_in()
                await attune.prepare_webhook()
                measures.append(
                    await measure(
                        "(b) execute", attune.execute, pids, many=many, few=few
                    )
                )
                measures.append(
                    await measure_hooks(attune, completions, pids, many=many, few=few)
                )
                measures.append(
                    await measure_burst(attune, completions, pids, many=burst)
                )
                comparisons, items = await measure_workflows(
                    stack, attune, rounds=rounds
                )
                await attune.close()
                print(f"ends: {completions.statuses()}")
    return Report(measures, comparisons, items)


def show(measures: list[Measure]) -> None:
    """Print the table."""
    bare = measures[0].throughput
    print(f"\n{'':22}{'items/s':>9}{'ratio':>7}{'median':>9}{'p95':>9}  CPU ms an item")
    for each in measures:
        used = "  ".join(f"{name} {ms:.1f}" for name, ms in each.cpu_ms.items())
        print(
            f"{each.name:22}{each.throughput:9.1f}{each.throughput / bare:7.2f}"
            f"{each.median_ms:7.1f}ms{each.p95_ms:7.1f}ms  {used}"
        )


def main() -> None:
    """Read the sizes, measure, show, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=400)
    parser.add_argument("--few", type=int, default=60)
    parser.add_argument("--burst", type=int, default=1000)
    parser.add_argument("--output", type=Path, default=Path("bench.json"))
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    report = uvloop.run(
        run(many=given.many, few=given.few, burst=given.burst, rounds=given.rounds)
    )
    report.show()
    given.output.write_text(json.dumps(report.rows(), indent=2) + "\n")
    print(f"\nwritten to {given.output}")


if __name__ == "__main__":
    main()
