"""Events and webhooks while processes are killed: none lost, none doubled (G1).

`python -m tests.faults.kill_loop --minutes 20` runs it for long; the suite runs the
short form.
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attune.stack.stack import Stack
from tests.faults.kill_history import History, Outcome, outcome_of
from tests.faults.kill_writer import WRITERS, Writer
from tests.support.api import Person

SIGNALS: Final = {
    "api": signal.SIGKILL,
    "orchestrator": signal.SIGKILL,
    "worker": signal.SIGKILL,
    "temporal": signal.SIGKILL,
    "postgres": signal.SIGQUIT,  # its immediate shutdown
}
READY_SECONDS: Final = 120
LEDGER: Final = 'echo "$ATTUNE_EXEC_ID" >> "$ATTUNE_ARTIFACTS_DIR/ledger"; sleep 0.1'
TRIGGER: Final = "loop.arrived"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long, how often, and which dice."""

    seconds: float
    """The least time; every part is killed once at least, however long that takes."""
    shortest_pause: float
    longest_pause: float
    seed: int
    quiet_seconds: float = 60
    """Within which everything has to be done after the last fault."""


async def kill_loop(stack: Stack, person: Person, plan: Plan) -> Outcome:
    """Send from 8 writers while parts are killed at random."""
    await person.make_pack("loop")
    await person.make_action("loop.ledger", LEDGER)
    hook = await person.make_hook(TRIGGER, "loop.ledger")
    history = History()
    writers = [Writer(person, hook, TRIGGER, history, n) for n in range(WRITERS)]
    writing = [asyncio.create_task(writer.run()) for writer in writers]
    try:
        await _kill(stack, history, plan)
    finally:
        history.is_over = True
        await asyncio.gather(*writing)
    return await outcome_of(stack, person, history, plan.quiet_seconds)


async def _kill(stack: Stack, history: History, plan: Plan) -> None:
    dice = random.Random(plan.seed)  # noqa: S311 - a seed makes a failure repeatable
    loop = asyncio.get_running_loop()
    until = loop.time() + plan.seconds
    while loop.time() < until or history.kills.keys() != SIGNALS.keys():
        for part in dice.sample(list(SIGNALS), len(SIGNALS)):
            await asyncio.sleep(dice.uniform(plan.shortest_pause, plan.longest_pause))
            with history.fault(part):
                stack.kill(part, SIGNALS[part])
                await stack.wait_ready(part, READY_SECONDS)


async def main() -> int:
    """Run the loop on a stack of its own and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shortest-pause", type=float, default=5, help="in seconds")
    parser.add_argument("--longest-pause", type=float, default=40, help="in seconds")
    parser.add_argument("--p99-ms", type=float, default=500, help="of quiet answers")
    given = parser.parse_args()
    plan = Plan(
        seconds=given.minutes * 60,
        shortest_pause=given.shortest_pause,
        longest_pause=given.longest_pause,
        seed=given.seed,
    )
    with tempfile.TemporaryDirectory() as directory:
        async with Stack(Path(directory)) as stack:
            person = Person(stack)
            await person.log_in()
            await person.worker_is_there()
            outcome = await kill_loop(stack, person, plan)
            await person.close()
    return _say(outcome, given.p99_ms)


def _say(outcome: Outcome, p99_ms: float) -> int:
    history = outcome.history
    statuses = Counter(str(each["status"]) for each in outcome.executions)
    lines = [
        f"kills {dict(history.kills)}",
        (
            f"accepted {len(history.accepted)} by {dict(history.ways)},"
            f" sent again {dict(history.repeats)}"
        ),
        (
            f"executions {dict(statuses)},"
            f" all done {outcome.quiet_seconds:.1f} s after the last fault"
        ),
        (
            f"answers without a fault: {len(history.quiet_ms)},"
            f" p50 {history.quiet_percentile(50):.0f} ms,"
            f" p99 {history.quiet_percentile(99):.0f} ms"
        ),
    ]
    problems = outcome.problems()
    if history.quiet_percentile(99) > p99_ms:
        problems.append(f"answers without a fault took longer than {p99_ms:.0f} ms")
    lines += problems or ["every promise held"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
