"""What was promised while processes were killed, and what is there in the end."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from attune.stack.stack import Stack
from tests.support.api import TERMINAL, Person
from tests.support.database import connected
from tests.support.eventually import eventually

RECOVERY_SECONDS = 1.0
"""For so long after a part works again an answer may still feel the fault."""


@dataclass
class History:
    """What the writers were told, and when."""

    accepted: dict[str, int] = field(default_factory=dict)
    """The event id that was answered, by key."""
    ways: Counter[str] = field(default_factory=Counter)
    repeats: Counter[str] = field(default_factory=Counter)
    """Why something was sent again."""
    kills: Counter[str] = field(default_factory=Counter)
    quiet_ms: list[float] = field(default_factory=list)
    """How long answers took while no fault was active."""
    is_over: bool = False
    _faults: int = 0
    _quiet_from: float = 0.0

    def accept(self, way: str, key: str, event_id: int) -> None:
        """Remember a promise."""
        self.accepted[key] = int(event_id)
        self.ways[way] += 1

    @contextmanager
    def fault(self, part: str) -> Iterator[None]:
        """Count a kill; the fault is active until the part works again."""
        self.kills[part] += 1
        self._faults += 1
        try:
            yield
        finally:
            self._faults -= 1
            self._quiet_from = monotonic() + RECOVERY_SECONDS

    @property
    def is_quiet(self) -> bool:
        """Whether no fault is active."""
        return self._faults == 0 and monotonic() > self._quiet_from

    def quiet_percentile(self, percent: int) -> float:
        """Return the time in milliseconds within which so many answers came."""
        ordered = sorted(self.quiet_ms) or [0.0]
        return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run of the loop left behind."""

    history: History
    events: list[tuple[str, int]]
    """Key, as the payload has it, and id of every event on record."""
    executions: list[dict[str, Any]]
    runs: Counter[int]
    """How often the action of each execution ran."""
    quiet_seconds: float
    """How long after the last fault everything was done."""

    def problems(self) -> list[str]:
        """Return every broken promise."""
        accepted = self.history.accepted
        keys = Counter(key for key, _ in self.events)
        lost = accepted.items() - set(self.events)
        statuses = Counter(str(each["status"]) for each in self.executions)
        enforcements = Counter(each["enforcement"] for each in self.executions)
        found = [
            (bool(lost), f"{len(lost)} acknowledged events are lost"),
            (any(n > 1 for n in keys.values()), "doubled events"),
            (keys.keys() != accepted.keys(), "events that nobody was told of"),
            (
                len(self.executions) != len(accepted),
                f"{len(self.executions)} executions of {len(accepted)} events",
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


async def outcome_of(
    stack: Stack, person: Person, history: History, quiet_seconds: float
) -> Outcome:
    """Wait until everything is done, and hold what is there against what was said."""
    begun = monotonic()

    async def all_ended() -> bool:
        executions = await person.executions_of("loop.arrived_rule")
        return len(executions) >= len(history.accepted) and all(
            each["status"] in TERMINAL for each in executions
        )

    await eventually(all_ended, seconds=quiet_seconds)
    ended = monotonic()
    ledger = stack.directory.artifacts / "ledger"
    lines = ledger.read_text().split() if ledger.exists() else []
    return Outcome(
        history=history,
        events=await _events(stack),
        executions=list(await person.executions_of("loop.arrived_rule")),
        runs=Counter(map(int, lines)),
        quiet_seconds=ended - begun,
    )


async def _events(stack: Stack) -> list[tuple[str, int]]:
    async with connected(stack.database_url) as sql:
        rows = await sql.fetch(
            "SELECT payload ->> 'key' AS key, id FROM attune.event"
            " WHERE trigger_ref = 'loop.arrived'"
        )
    return [(row["key"], row["id"]) for row in rows]
