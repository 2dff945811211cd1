"""Timers while Temporal, PostgreSQL and the orchestrator are gone, and killed when due.

`python -m tests.faults.timer_outages --outage 30` runs it for long; the suite runs the
short form. What should have fired is computed, what has fired is read from the events.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

import asyncpg

from attune.clock import utc_now
from attune.db.url import driver_url
from attune.domain.timer_text import read_timer
from attune.stack.stack import Stack
from tests.support.api import Person
from tests.support.eventually import eventually

PARTS = ("temporal", "postgres", "orchestrator")
PACK = "clock"
RECOVERY_SECONDS = 10.0
QUIET_SECONDS = 60.0
STILL_SECONDS = 2.0

RULES: dict[str, tuple[str, dict[str, Any]]] = {
    "two": ("interval", {"unit": "seconds", "interval": 2, "misfire": "all"}),
    "calm": ("interval", {"unit": "seconds", "interval": 2}),
    "cron": ("cron", {"expression": "* * * * * *"}),
    "berlin": ("cron", {"expression": "* * * * * *", "timezone": "Europe/Berlin"}),
    "rrule": ("rrule", {"rule": "FREQ=SECONDLY;INTERVAL=3"}),
    "doomed": ("interval", {"unit": "seconds", "interval": 1}),
}
CALM = "clock.calm"
"""Fires once for all that it missed; of the others each time fires."""

DOOMED = "clock.doomed"
"""Switched off while Temporal is away, and has to stay silent."""

BORN = "born"
"""Made while Temporal is away; fires from then on."""


@dataclass(frozen=True)
class Clock:
    """A timer as it was made."""

    ref: str
    trigger_ref: str
    params: dict[str, Any]
    anchor: datetime
    changed_at: datetime

    def due(self, until: datetime) -> set[datetime]:
        """Compute the times that must have come by then."""
        timer = read_timer(self.trigger_ref, self.params)
        times = timer.due_after(self.changed_at, self.anchor)
        return set(takewhile(lambda due: due <= until, times))


@dataclass
class Outcome:
    """What a run left behind."""

    clocks: list[Clock] = field(default_factory=list)
    fired: dict[str, list[datetime]] = field(default_factory=dict)
    """The times for which each rule has an event."""
    dealt_with: dict[str, int] = field(default_factory=dict)
    """What the row of each says it fired or missed."""
    recoveries: list[tuple[str, float]] = field(default_factory=list)
    """How long after each part was back everything had fired."""
    doomed_count: int = 0
    """How often the doomed rule had fired when it was switched off."""
    stopped_from: datetime = field(default_factory=utc_now)
    stopped_at: datetime = field(default_factory=utc_now)
    """The rules were switched off somewhere in between."""

    def problems(self, *, recovery_seconds: float = RECOVERY_SECONDS) -> list[str]:
        """Return every broken promise."""
        found = [
            f"{part} took {seconds:.1f} s"
            for part, seconds in self.recoveries
            if seconds > recovery_seconds
        ]
        for clock in self.clocks:
            found += self._problems_of(clock)
        if len(self.fired.get(DOOMED, [])) != self.doomed_count:
            found.append("fired after it was switched off")
        return found

    def skipped(self, clock: Clock, until: datetime) -> set[datetime]:
        """Return the times until then that neither fired nor count as missed."""
        due = clock.due(until)
        open_times = due - set(self.fired.get(clock.ref, []))
        if clock.ref != CALM:
            return open_times
        unaccounted = max(0, len(due) - self.dealt_with[clock.ref])
        return set(sorted(open_times)[:unaccounted])

    def _problems_of(self, clock: Clock) -> list[str]:
        fired = self.fired.get(clock.ref, [])
        doubled = [due for due, n in Counter(fired).items() if n > 1]
        doomed = clock.ref == DOOMED
        skipped = set() if doomed else self.skipped(clock, self.stopped_from)
        invented = set(fired) - clock.due(self.stopped_at)
        parts = {"doubled": doubled, "skipped": skipped, "invented": invented}
        return [
            f"{clock.ref}: {len(times)} {word}, such as {min(times).isoformat()}"
            for word, times in parts.items()
            if times
        ]


class Run:
    """One run of the scene."""

    def __init__(self, stack: Stack, person: Person) -> None:
        self._stack = stack
        self._person = person
        self.outcome = Outcome()

    async def begin(self, dates: int, span: float) -> None:
        """Make timers of every kind, and dates that come one after the other."""
        await self._person.make_pack(PACK)
        for name, (kind, params) in RULES.items():
            await self._make(name, kind, params)
        start = utc_now() + timedelta(seconds=2)
        for number in range(dates):
            fire_at = start + timedelta(seconds=span * number / dates)
            await self._make(
                f"date{number}", "datetime", {"fire_at": fire_at.isoformat()[:19] + "Z"}
            )

    async def _make(self, name: str, kind: str, params: dict[str, Any]) -> None:
        rule = {
            "ref": f"{PACK}.{name}",
            "label": name,
            "pack_ref": PACK,
            "trigger_ref": f"core.{kind}timer",
            "trigger_params": params,
            "action_ref": "core.noop",
            # Only the events matter here.
            "conditions": {"expression": "{{ false }}"},
        }
        await self._person.post("/api/v1/rules", rule)

    async def outage(self, part: str, seconds: float) -> None:
        """Take a part away for so long."""
        await self._stack.stop(part)
        if part == "temporal":
            await self._change_rules()
        await asyncio.sleep(seconds)
        await self._stack.start(part)
        await self._recover(part)

    async def _change_rules(self) -> None:
        params = {"unit": "seconds", "interval": 1, "misfire": "all"}
        await self._make(BORN, "interval", params)
        await self._person.post(f"/api/v1/rules/{DOOMED}/disable")
        await self._read()
        self.outcome.doomed_count = len(self.outcome.fired.get(DOOMED, []))

    async def kill_when_due(self, part: str) -> None:
        """Kill a part just when timers are due."""
        await asyncio.sleep(1 - time.time() % 1)
        self._stack.kill(part)
        await self._stack.wait_ready(part)
        await self._recover(f"killed {part}")

    async def _recover(self, word: str) -> datetime:
        """Wait until all that was due when the part was back has fired; say when."""
        back, started = utc_now(), time.monotonic()

        async def has_fired() -> bool:
            await self._read()
            return not any(
                self.outcome.skipped(clock, back)
                for clock in self.outcome.clocks
                if clock.ref != DOOMED
            )

        with contextlib.suppress(AssertionError):
            # What still has not fired is told with everything else in the end.
            await eventually(has_fired, seconds=QUIET_SECONDS)
        self.outcome.recoveries.append((word, time.monotonic() - started))
        return back

    async def end(self) -> None:
        """Switch the timers off, and see that nothing fires after that."""
        self.outcome.stopped_from = await self._recover("nothing")
        for clock in self.outcome.clocks:
            await self._person.post(f"/api/v1/rules/{clock.ref}/disable")
        self.outcome.stopped_at = utc_now()
        await self._read()
        fired = self.outcome.fired
        await asyncio.sleep(STILL_SECONDS)
        await self._read()
        assert self.outcome.fired == fired

    async def _read(self) -> None:
        connection = await asyncpg.connect(driver_url(self._stack.database_url))
        try:
            self.outcome.clocks = [
                Clock(
                    ref=row["ref"],
                    trigger_ref=row["trigger_ref"],
                    params=json.loads(row["trigger_params"]),
                    anchor=row["anchor"],
                    changed_at=row["changed_at"],
                )
                for row in await connection.fetch(_CLOCKS)
            ]
            fired = defaultdict(list)
            for row in await connection.fetch(_FIRED):
                due = datetime.fromisoformat(row["scheduled_at"])
                fired[row["rule_ref"]].append(due)
            self.outcome.fired = fired
            self.outcome.dealt_with = {
                row["ref"]: row["count"] for row in await connection.fetch(_DEALT_WITH)
            }
        finally:
            await connection.close()


_CLOCKS = """
    SELECT r.ref, r.trigger_ref, r.trigger_params::text, t.anchor, t.changed_at
    FROM attune.timer AS t
    JOIN attune.rule AS r ON r.id = t.rule
    WHERE t.anchor IS NOT NULL AND r.ref LIKE 'clock.%'
"""
_FIRED = """
    SELECT rule_ref, config ->> 'scheduled_at' AS scheduled_at
    FROM attune.event
    WHERE rule_ref LIKE 'clock.%'
"""
_DEALT_WITH = """
    SELECT r.ref, t.fired_count + t.missed_count AS count
    FROM attune.timer AS t
    JOIN attune.rule AS r ON r.id = t.rule
"""


async def timer_outages(
    stack: Stack, person: Person, *, outage: float, dates: int, parts: Sequence[str]
) -> Outcome:
    """Take every part away, and kill every part when timers are due."""
    run = Run(stack, person)
    await run.begin(dates, span=len(parts) * (outage + 8))
    for part in parts:
        await run.outage(part, outage)
    for part in parts:
        await run.kill_when_due(part)
    await run.end()
    await person.http.delete(f"/api/v1/packs/{PACK}")
    return run.outcome


async def main() -> int:
    """Run it on a stack of its own and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outage", type=float, default=30.0, help="in seconds")
    parser.add_argument("--dates", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        async with Stack(Path(directory)) as stack:
            person = Person(stack)
            await person.log_in()
            outcome = await timer_outages(
                stack, person, outage=given.outage, dates=given.dates, parts=PARTS
            )
            await person.close()
    fired = sum(len(times) for times in outcome.fired.values())
    recoveries = ", ".join(f"{part} {took:.1f} s" for part, took in outcome.recoveries)
    sys.stdout.write(f"{fired} events; recovered: {recoveries}\n")
    problems = outcome.problems()
    sys.stdout.write("\n".join(problems) + "\n" if problems else "every promise held\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
