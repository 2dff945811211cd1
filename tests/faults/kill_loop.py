"""Webhooks while processes are killed: none lost, none doubled.

`python -m tests.faults.kill_loop --webhooks 5000` runs it for long; the
suite runs the short form.
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from attune.stack.stack import Stack
from tests.support.api import TERMINAL, Person
from tests.support.eventually import eventually

PARTS = ("api", "orchestrator", "worker", "temporal")
WRITERS = 8
QUIET_SECONDS = 90
LONGEST_GAP_SECONDS = 1.2

LEDGER = 'echo "$ATTUNE_EXEC_ID" >> "$ATTUNE_ARTIFACTS_DIR/ledger"; sleep 0.1'


@dataclass(frozen=True)
class Outcome:
    """What a run of the loop left behind."""

    accepted: dict[str, int]
    """The event id that was answered, by delivery."""
    events: int
    executions: list[dict[str, object]]
    runs: Counter[int]
    """How often the action of each execution ran."""
    kills: Counter[str]

    def problems(self) -> list[str]:
        """Return every broken promise."""
        enforcements = Counter(each["enforcement"] for each in self.executions)
        statuses = Counter(str(each["status"]) for each in self.executions)
        found = [
            (len(set(self.accepted.values())) != len(self.accepted), "shared events"),
            (self.events != len(self.accepted), f"{self.events} events"),
            (
                len(self.executions) != len(self.accepted),
                f"{len(self.executions)} executions",
            ),
            (any(n > 1 for n in enforcements.values()), "doubled enforcements"),
            (any(n > 1 for n in self.runs.values()), "actions ran twice"),
            (set(statuses) - {"completed", "abandoned"} != set(), f"{statuses}"),
            (
                sum(self.runs.values()) < statuses["completed"],
                "completed without a run",
            ),
        ]
        return [text for is_broken, text in found if is_broken]


async def kill_loop(
    stack: Stack, person: Person, *, webhooks: int, rounds: int, seed: int, pause: float
) -> Outcome:
    """Deliver webhooks from 8 writers while every part is killed once a round."""
    await person.make_pack("loop")
    await person.make_action("loop.ledger", LEDGER)
    hook = await person.make_hook("loop.arrived", "loop.ledger")
    dice = random.Random(seed)  # noqa: S311 - a seed makes a failure repeatable
    kills: Counter[str] = Counter()
    accepted: dict[str, int] = {}
    deliveries = iter([f"delivery-{n}" for n in range(webhooks)])
    writers = (
        _write(person, hook, deliveries, accepted, random.Random(n))  # noqa: S311 - as above
        for n in range(WRITERS)
    )
    await asyncio.gather(_kill(stack, dice, kills, rounds, pause), *writers)
    return await _outcome(stack, person, accepted, kills)


async def _kill(
    stack: Stack, dice: random.Random, kills: Counter[str], rounds: int, pause: float
) -> None:
    for _ in range(rounds):
        for part in dice.sample(PARTS, len(PARTS)):
            await asyncio.sleep(dice.uniform(0.3, pause))
            stack.kill(part, signal.SIGKILL)
            kills[part] += 1
            await stack.wait_ready(part)


async def _write(
    person: Person,
    hook: str,
    deliveries: Iterator[str],
    accepted: dict[str, int],
    dice: random.Random,
) -> None:
    for delivery in deliveries:
        accepted[delivery] = await _deliver(person, hook, delivery)
        await asyncio.sleep(dice.uniform(0, LONGEST_GAP_SECONDS))


async def _deliver(person: Person, hook: str, delivery: str) -> int:
    """Send until it is acknowledged, as every serious sender does."""
    while True:
        try:
            response = await person.http.post(
                hook,
                json={"payload": {"delivery": delivery}},
                headers={"Idempotency-Key": delivery},
            )
        except httpx.TransportError:
            await asyncio.sleep(0.1)
            continue
        if response.is_success:
            return int(response.json()["event_id"])
        assert response.status_code in {500, 502, 503}, response.text
        await asyncio.sleep(0.1)


async def _outcome(
    stack: Stack, person: Person, accepted: dict[str, int], kills: Counter[str]
) -> Outcome:
    async def all_ended() -> bool:
        executions = await person.executions_of("loop.arrived_rule")
        return len(executions) >= len(accepted) and all(
            each["status"] in TERMINAL for each in executions
        )

    await eventually(all_ended, seconds=QUIET_SECONDS)
    total = await person.get(
        "/api/v1/events", trigger_ref="loop.arrived", include_total="true"
    )
    ledger = stack.directory.artifacts / "ledger"
    lines = ledger.read_text().split() if ledger.exists() else []
    return Outcome(
        accepted=accepted,
        events=total["pagination"]["total_items"],
        executions=list(await person.executions_of("loop.arrived_rule")),
        runs=Counter(map(int, lines)),
        kills=kills,
    )


async def main() -> int:
    """Run the loop on a stack of its own and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--webhooks", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--pause", type=float, default=5.0, help="longest, in seconds")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        async with Stack(Path(directory)) as stack:
            person = Person(stack)
            await person.log_in()
            await person.worker_is_there()
            outcome = await kill_loop(
                stack,
                person,
                webhooks=given.webhooks,
                rounds=given.rounds,
                seed=given.seed,
                pause=given.pause,
            )
            await person.close()
    statuses = Counter(str(each["status"]) for each in outcome.executions)
    sys.stdout.write(f"kills {dict(outcome.kills)}, ends {dict(statuses)}\n")
    problems = outcome.problems()
    sys.stdout.write("\n".join(problems) + "\n" if problems else "every promise held\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
