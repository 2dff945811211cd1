"""Compare workflows of Attune with a bare Temporal workflow of as many activities.

(e) 40 tasks of core.noop, one after the other
(f) 40 tasks of core.noop, all at once

The ratio is that of the times: bare Temporal's by ours. Then the time of a task with
`with_items` against the number of its items, as a chart.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from attune.stack.stack import Stack
from benchmarks.bare import WORKFLOW_QUEUE, BareTasks

TASKS = 40
ITEMS = (10, 30, 100, 300, 1000)
WIDTH = 50

Post = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
Run = Callable[[str, dict[str, Any]], Awaitable[float]]
"""Execute an action and return how many seconds it took to its end."""


@dataclass(frozen=True)
class Comparison:
    """How long the same took both."""

    name: str
    bare_seconds: float
    our_seconds: float

    @property
    def ratio(self) -> float:
        """How much of bare Temporal's speed is ours."""
        return self.bare_seconds / self.our_seconds


async def make_workflows(post: Post) -> None:
    """Make the three workflows in the pack `bench`."""
    chain: list[dict[str, Any]] = [
        {
            "name": f"t{n}",
            "action": "core.noop",
            "next": [{"do": [f"t{n + 1}"]}] if n + 1 < TASKS else [],
        }
        for n in range(TASKS)
    ]
    fan = [{"name": f"t{n}", "action": "core.noop"} for n in range(TASKS)]
    items = [
        {
            "name": "each",
            "action": "core.noop",
            "with_items": "{{ range(parameters.count) }}",
            "concurrency": 16,
        }
    ]
    schema = {"count": {"type": "integer", "default": 1}}
    for name, tasks, parameters in (
        ("chain", chain, {}),
        ("fan", fan, {}),
        ("items", items, schema),
    ):
        body = {
            "ref": f"bench.{name}",
            "pack_ref": "bench",
            "label": name,
            "version": "1.0.0",
            "definition": {"version": "1.0.0", "tasks": tasks},
            "param_schema": parameters,
            "out_schema": {},
        }
        await post("/api/v1/workflows", body)


async def compare(stack: Stack, run: Run, *, rounds: int) -> list[Comparison]:
    """Take turns with bare Temporal and return the best time of each."""
    client = await Client.connect(
        stack.temporal_address, data_converter=pydantic_data_converter
    )
    number = iter(range(10**6))

    async def bare(*, at_once: bool) -> float:
        begun = time.perf_counter()
        await client.execute_workflow(
            BareTasks.run,
            args=[TASKS, at_once],
            id=f"bare-tasks-{next(number)}",
            task_queue=WORKFLOW_QUEUE,
        )
        return time.perf_counter() - begun

    comparisons = []
    for name, ref, at_once in (
        (f"(e) {TASKS} tasks in sequence", "bench.chain", False),
        (f"(f) {TASKS} tasks at once", "bench.fan", True),
    ):
        bares, ours = [], []
        for _ in range(rounds):
            bares.append(await bare(at_once=at_once))
            ours.append(await run(ref, {}))
        comparisons.append(Comparison(name, min(bares), min(ours)))
    return comparisons


async def measure_items(run: Run) -> list[tuple[int, float]]:
    """Return how long a task over so many items took."""
    return [(count, await run("bench.items", {"count": count})) for count in ITEMS]


def show_comparisons(comparisons: list[Comparison]) -> None:
    """Print what both took."""
    print(f"\n{'':26}{'bare':>8}{'Attune':>9}{'ratio':>7}")
    for each in comparisons:
        print(
            f"{each.name:26}{each.bare_seconds:7.2f}s{each.our_seconds:8.2f}s"
            f"{each.ratio:7.2f}"
        )


def chart(times: list[tuple[int, float]]) -> str:
    """Return the times as bars, with what each item cost."""
    longest = max(seconds for _, seconds in times)
    lines = [
        f"{count:6} items {seconds:7.2f}s {1000 * seconds / count:6.1f} ms each  "
        + "█" * max(1, round(WIDTH * seconds / longest))
        for count, seconds in times
    ]
    return "\n".join(lines)
