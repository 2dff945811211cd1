"""Executions in groups under a policy, while parts are killed and the policy changes.

`python -m tests.faults.policy_slots --executions 2000` runs it for long; the suite runs
the short form. What ran when is read from what the actions themselves wrote down.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg

from attune.db.url import driver_url
from attune.stack.stack import Stack
from tests.support.api import TERMINAL, Person
from tests.support.eventually import eventually

GROUPS = ("a", "b", "c", "d")
FIRST_THRESHOLD = 3
UNLIMITED = 10**9
QUIET_SECONDS = 120
LIVE = ("pending", "running")

CODE = """
note() { echo "$1 $ATTUNE_EXEC_ID $EPOCHREALTIME" >> "$ATTUNE_ARTIFACTS_DIR/$NOTES"; }
note start
sleep 0.05
note end
"""

Step = Callable[["Run"], Awaitable[None]]


@dataclass(frozen=True)
class Held:
    """One execution, and from when to when it held a place."""

    id: int
    group: str
    status: str
    was_admitted: bool
    """Otherwise it was taken while no policy was in force."""
    admitted_at: float
    finished_at: float
    started_at: float | None = None
    """When its process began, by its own account."""
    ended_at: float | None = None


@dataclass
class Run:
    """One run of the scene: what is done to it, and what it leaves behind."""

    stack: Stack
    person: Person
    pack: str = "slots"
    thresholds: list[tuple[float, float, int]] = field(default_factory=list)
    """From when it may have been in force, from when it certainly was, and how many."""
    kills: list[float] = field(default_factory=list)
    executions: list[Held] = field(default_factory=list)
    active_count: int = -1
    queue_length: int = -1
    ended_before: int = 0
    """How many executions of others had ended on this stack."""

    @property
    def action(self) -> str:
        return f"{self.pack}.work"

    @property
    def policy(self) -> str:
        return f"{self.pack}.calm"

    async def begin(self) -> None:
        await eventually(self._is_quiet, seconds=QUIET_SECONDS)
        self.ended_before = sum(await self._counts(TERMINAL))
        await self.person.make_pack(self.pack)
        await self.person.make_action(self.action, f"NOTES={self.pack}\n{CODE}")
        await self.person.post(
            "/api/v1/policies",
            {
                "ref": self.policy,
                "action": self.action,
                "threshold": FIRST_THRESHOLD,
                "parameters": ["group"],
            },
        )
        self.thresholds.append((0.0, 0.0, FIRST_THRESHOLD))

    async def request(self, number: int) -> None:
        """Have `number` executions of each group requested, one after the other."""

        async def request_group(group: str) -> None:
            for _ in range(number):
                body = {"action_ref": self.action, "parameters": {"group": group}}
                await self.person.patiently("/api/v1/executions/execute", body)

        await asyncio.gather(*(request_group(group) for group in GROUPS))

    async def change(self, number: int, **body: Any) -> None:
        """Change the policy, which then lets `number` run."""
        asked_at = time.time()
        path = f"/api/v1/policies/{self.policy}"
        answer = await self.person.http.put(path, json=body)
        assert answer.is_success, answer.text
        self.thresholds.append((asked_at, time.time(), number))

    async def delete(self) -> None:
        asked_at = time.time()
        path = f"/api/v1/policies/{self.policy}"
        answer = await self.person.http.delete(path)
        assert answer.is_success, answer.text
        self.thresholds.append((asked_at, time.time(), UNLIMITED))

    async def kill(self, part: str) -> None:
        self.stack.kill(part)
        if part == "worker":
            self.kills.append(time.time())
        await self.stack.wait_ready(part)

    async def count_ended(self) -> int:
        return sum(await self._counts(TERMINAL)) - self.ended_before

    async def _is_quiet(self) -> bool:
        return not any(await self._counts(LIVE))

    async def _counts(self, statuses: Iterable[str]) -> list[int]:
        stats = await self.person.get("/api/v1/executions/stats")
        return [stats["data"][status] for status in statuses]

    async def reaches(self, number: int, *, seconds: float = QUIET_SECONDS) -> None:
        """Wait until so many executions have ended."""

        async def enough() -> bool:
            await asyncio.sleep(0.05)
            return await self.count_ended() >= number

        await eventually(enough, seconds=seconds)

    async def read(self) -> None:
        """Keep what the rows and the actions' own notes say."""
        notes = _notes(self.stack.directory.artifacts / self.pack)
        connection = await asyncpg.connect(driver_url(self.stack.database_url))
        rows = await connection.fetch(
            "SELECT id, config ->> 'group' AS group, status, admitted_at, created,"
            " finished_at FROM attune.execution WHERE action_ref = $1 ORDER BY id",
            self.action,
        )
        await connection.close()
        self.executions = [_held(row, notes) for row in rows]
        stats = await self.person.get(f"/api/v1/actions/{self.action}/queue-stats")
        self.active_count = stats["data"]["active_count"]
        self.queue_length = stats["data"]["queue_length"]

    def allowed(self, since: float, until: float) -> int:
        """Return the highest threshold that was in force at some time in between."""
        return max(
            number
            for begins_at, ends_at, number in self._periods()
            if begins_at <= until and since <= ends_at
        )

    def _periods(self) -> list[tuple[float, float, int]]:
        """Return from when until when each threshold may have been in force."""
        begins = [asked_at for asked_at, _, _ in self.thresholds]
        # One that is being replaced may be in force until the answer.
        ends = [*(answered for _, answered, _ in self.thresholds[1:]), float("inf")]
        assert all(a <= b for a, b in pairwise(begins))
        numbers = [number for _, _, number in self.thresholds]
        return list(zip(begins, ends, numbers, strict=True))

    def problems(self) -> list[str]:
        """Return every broken promise."""
        statuses = Counter(each.status for each in self.executions)
        found = [
            (set(statuses) <= {"completed", "abandoned"}, f"ends: {statuses}"),
            (self.active_count == 0, f"{self.active_count} places are held"),
            (self.queue_length == 0, f"{self.queue_length} are waiting"),
            (all(map(_ran, self.executions)), "completed without a run"),
        ]
        by_group: dict[str, list[Held]] = defaultdict(list)
        for each in self.executions:
            by_group[each.group].append(each)
        return [
            *(text for holds, text in found if not holds),
            *(text for each in by_group.values() for text in self._order(each)),
            *(text for each in by_group.values() for text in self._excess(each)),
        ]

    def _order(self, group: Sequence[Held]) -> list[str]:
        """Compare the order of admission with the order of the requests."""
        admitted = sorted(
            (each for each in group if each.was_admitted),
            key=lambda each: (each.admitted_at, each.id),
        )
        return [
            f"{later.id} was admitted before {earlier.id}"
            for later, earlier in pairwise(admitted)
            if later.id > earlier.id
        ]

    def _excess(self, group: Sequence[Held]) -> list[str]:
        """Look at each start: how many processes ran, how many places were held."""
        problems = []
        for each in group:
            at = each.admitted_at
            held = sum(self._held_since(e) <= at < e.finished_at for e in group)
            if each.was_admitted and held > self.allowed(at, at):
                problems.append(f"{held} places are held when {each.id} is admitted")
            if each.started_at is not None:
                running = sum(self._runs_at(e, each.started_at) for e in group)
                if running > self.allowed(at, each.started_at):
                    problems.append(f"{running} run when {each.id} starts")
        return problems

    def _held_since(self, each: Held) -> float:
        """Return when it took its place: without being admitted, once no limit was left."""
        if each.was_admitted:
            return each.admitted_at
        unlimited = [
            begins_at
            for begins_at, ends_at, number in self._periods()
            if number == UNLIMITED and each.admitted_at <= ends_at
        ]
        return max([each.admitted_at, *unlimited[:1]])

    def _runs_at(self, each: Held, at: float) -> bool:
        if each.started_at is None or each.started_at > at:
            return False
        ended_at = each.ended_at
        if ended_at is None:
            # Its worker was killed, and everything that it ran with it.
            ended_at = min((k for k in self.kills if k > each.started_at), default=at)
        return at <= ended_at


def _ran(each: Held) -> bool:
    return each.status != "completed" or each.ended_at is not None


def _notes(path: Path) -> dict[tuple[str, int], float]:
    notes: dict[tuple[str, int], float] = {}
    for line in path.read_text().splitlines():
        word, execution_id, at = line.split()
        assert (word, int(execution_id)) not in notes, f"{line}: twice"
        notes[word, int(execution_id)] = float(at)
    return notes


def _held(row: asyncpg.Record, notes: dict[tuple[str, int], float]) -> Held:
    def moment(value: datetime | None) -> float:
        return value.timestamp() if value else float("inf")

    return Held(
        id=row["id"],
        group=row["group"],
        status=row["status"],
        was_admitted=row["admitted_at"] is not None,
        admitted_at=moment(row["admitted_at"] or row["created"]),
        finished_at=moment(row["finished_at"]),
        started_at=notes.get(("start", row["id"])),
        ended_at=notes.get(("end", row["id"])),
    )


def threshold(number: int) -> Step:
    """Return the step that sets the threshold."""
    return lambda run: run.change(number, threshold=number)


def kill(part: str) -> Step:
    """Return the step that kills a part."""
    return lambda run: run.kill(part)


def disable(run: Run) -> Awaitable[None]:
    """Suspend the policy."""
    return run.change(UNLIMITED, enabled=False)


def enable(number: int) -> Step:
    """Return the step that puts the policy in force again."""
    return lambda run: run.change(number, enabled=True)


def delete(run: Run) -> Awaitable[None]:
    """Delete the policy."""
    return run.delete()


async def policy_slots(
    stack: Stack,
    person: Person,
    *,
    pack: str = "slots",
    executions: int,
    steps: Sequence[Step],
) -> Run:
    """Run the scene, with the steps spread over its first half."""
    run = Run(stack, person, pack)
    await run.begin()
    requesting = asyncio.create_task(run.request(executions // len(GROUPS)))
    for number, step in enumerate(steps, start=1):
        await run.reaches(number * executions // (2 * len(steps)))
        await step(run)
    await requesting
    await run.reaches(executions)
    # No place is left behind: the next one of each group goes on at once.
    await run.request(1)
    await run.reaches(executions + len(GROUPS), seconds=30)
    await run.read()
    return run


async def main() -> int:
    """Run it on a stack of its own and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    changes = [threshold(n) for n in (1, 5, 3)]
    kills = [kill(part) for part in ("worker", "orchestrator", "api")]
    once = [step for pair in zip(changes, kills, strict=True) for step in pair]
    steps = [*once * given.rounds, disable, enable(FIRST_THRESHOLD), delete]
    with tempfile.TemporaryDirectory(prefix="attune-slots-") as directory:
        async with Stack(Path(directory)) as stack:
            person = Person(stack)
            await person.log_in()
            await person.worker_is_there()
            play = partial(policy_slots, stack, person)
            run = await play(executions=given.executions, steps=steps)
            await person.close()
    ends = Counter(each.status for each in run.executions)
    problems = run.problems()
    sys.stdout.write(f"ends {dict(ends)}\n")
    sys.stdout.write("\n".join(problems) + "\n" if problems else "every promise held\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
