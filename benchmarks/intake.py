"""How fast events are taken in, on a PostgreSQL of its own: `python -m benchmarks.intake`.

(i) matching one event of a trigger with ten rules, alone in the database and among 1,000
    rules of 200 triggers and 100,000 events: the ratio of the medians
(ii) events a second with 0, 1 and 10 rules that match, one at a time and in batches, by
    the service and over HTTP, against the bare INSERT of the same rows

Absolute numbers are the machine's; the ratios within one run are ours.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from attune.db.database import Database
from attune.db.migration import migrate
from attune.db.url import driver_url
from attune.security.encryption import Encryption
from attune.services.event.intake import Intake, NewEvent
from attune.services.event.payload_book import PayloadBook
from attune.services.event.rulebook import Rulebook
from attune.stack.postgres import EmbeddedPostgres
from benchmarks.bare_insert import BareInsert
from benchmarks.crowd import (
    MEASURED,
    PACK,
    PAYLOAD,
    make_crowd,
    make_measured,
    make_pack,
    make_rules,
    make_trigger,
)
from benchmarks.event_sender import EventSender, serving

BATCH = 100
LANES = 10
MATCHING = (0, 1, 10)
KEY = "benchmarks are no place for real keys"

Accept = Callable[[int], Awaitable[None]]
"""Take in so many events at once."""


class Taker:
    """An intake with what it remembers, on one database."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.rulebook, self._payloads = Rulebook(), PayloadBook()
        encryption = Encryption(KEY)
        self._intake = Intake(self.rulebook, encryption, self._payloads)

    async def take(self, trigger_ref: str, count: int = 1) -> None:
        """Take in events of a trigger in one transaction."""
        new = NewEvent(trigger_ref=trigger_ref, payload=PAYLOAD)
        async with self.database.transaction() as tx:
            await self._intake.accept_all(tx, [new] * count)

    async def match_ms(self, *, is_cold: bool) -> float:
        """Take in one event of the measured trigger, and return how long it took."""
        if is_cold:
            self.rulebook.forget()
        begun = time.perf_counter()
        await self.take(MEASURED)
        return 1000 * (time.perf_counter() - begun)


@dataclass(frozen=True)
class Crowding:
    """What one event costs alone and in a crowd."""

    name: str
    alone_ms: float
    crowded_ms: float

    @property
    def ratio(self) -> float:
        """How many times as much it costs in the crowd."""
        return self.crowded_ms / self.alone_ms


async def measure_crowding(
    alone: Taker, crowded: Taker, *, is_cold: bool, rounds: int
) -> Crowding:
    """Measure in turns, so that what else the machine does meets both."""
    takers = (alone, crowded)
    for taker in takers:
        await taker.match_ms(is_cold=True)
    spans = [[await t.match_ms(is_cold=is_cold) for t in takers] for _ in range(rounds)]
    medians = [statistics.median(each) for each in zip(*spans, strict=True)]
    return Crowding("rules read anew" if is_cold else "rules in memory", *medians)


@dataclass(frozen=True)
class Rate:
    """How many events a second one contender takes."""

    name: str
    one_at_a_time: float
    concurrent: float
    """In ten lanes, one event each."""
    batched: float
    """A hundred in each transaction."""


async def per_second(accept: Accept, count: int, *, lanes: int, size: int) -> float:
    """Return events a second, `size` at once in so many lanes."""
    left = iter(range(max(count // size, lanes)))
    turns = 0
    begun = time.perf_counter()

    async def lane() -> None:
        nonlocal turns
        for _ in left:
            await accept(size)
            turns += 1

    await asyncio.gather(*(lane() for _ in range(lanes)))
    return turns * size / (time.perf_counter() - begun)


async def measure_rate(name: str, accept: Accept, count: int) -> Rate:
    """Warm up, then measure each way."""
    await per_second(accept, 20, lanes=LANES, size=1)
    return Rate(
        name,
        await per_second(accept, count, lanes=1, size=1),
        await per_second(accept, count, lanes=LANES, size=1),
        await per_second(accept, 10 * count, lanes=1, size=BATCH),
    )


@dataclass
class Report:
    """Everything that was measured."""

    crowding: list[Crowding]
    rates: list[Rate]

    def show(self) -> None:
        """Print both tables."""
        print(f"\n{'matching one event':24}{'alone':>10}{'crowded':>10}{'ratio':>8}")
        for each in self.crowding:
            print(
                f"{each.name:24}{each.alone_ms:8.2f}ms{each.crowded_ms:8.2f}ms"
                f"{each.ratio:8.2f}"
            )
        bare = self.rates[0]
        print(f"\n{'events/s':24}{'one by one':>18}{'10 lanes':>18}{'batches':>18}")
        for rate in self.rates:
            print(
                f"{rate.name:24}"
                f"{_cell(rate.one_at_a_time, bare.one_at_a_time)}"
                f"{_cell(rate.concurrent, bare.concurrent)}"
                f"{_cell(rate.batched, bare.batched)}"
            )

    def rows(self) -> dict[str, Any]:
        """Return what is written."""
        return {
            "crowding": [asdict(c) | {"ratio": c.ratio} for c in self.crowding],
            "rates": [asdict(rate) for rate in self.rates],
        }


def _cell(rate: float, bare: float) -> str:
    return f"{rate:11.0f} ({rate / bare:4.2f})"


async def create(server: EmbeddedPostgres, name: str) -> str:
    """Make a migrated database with the measured trigger, and return its URL."""
    sql = await asyncpg.connect(driver_url(server.url_of("postgres")))
    await sql.execute(f"CREATE DATABASE {name}")
    await sql.close()
    url = server.url_of(name)
    await asyncio.to_thread(migrate, url)
    return url


async def prepare(url: str, *, events: int) -> None:
    """Fill a database: always with what is measured, and with a crowd if it is to be."""
    sql = await asyncpg.connect(driver_url(url))
    await make_pack(sql)
    await make_measured(sql)
    if events:
        await make_crowd(sql, triggers=200, rules=1_000, events=events)
        for count in MATCHING:
            await make_trigger(sql, _matched(count))
            await make_rules(sql, _matched(count), count, "[]")
    await sql.close()


def _matched(count: int) -> str:
    return f"{PACK}.matched_by{count}"


async def run(directory: Path, *, rounds: int, events: int, count: int) -> Report:
    """Measure everything on one server."""
    server = EmbeddedPostgres(directory / "postgres")
    await server.start()
    try:
        urls = [await create(server, name) for name in ("alone", "crowded")]
        for url, filling in zip(urls, (0, events), strict=True):
            await prepare(url, events=filling)
        return await measure(directory, *urls, rounds=rounds, count=count)
    finally:
        await server.stop()


async def measure(
    directory: Path, alone_url: str, crowded_url: str, *, rounds: int, count: int
) -> Report:
    """Measure both parts."""
    alone, crowded = Taker(alone_url), Taker(crowded_url)
    crowding = [
        await measure_crowding(alone, crowded, is_cold=is_cold, rounds=rounds)
        for is_cold in (False, True)
    ]
    bare = await BareInsert.open(crowded_url)
    rates = [await measure_rate("bare INSERT", bare.insert, count)]
    rates += [
        await measure_rate(f"service, {matching} match", _by(crowded, matching), count)
        for matching in MATCHING
    ]
    async with serving(directory, crowded_url, KEY) as address:
        rates += [await measure_http(address, matching, count) for matching in MATCHING]
    for each in (alone.database, crowded.database, bare):
        await each.close()
    return Report(crowding, rates)


async def measure_http(address: str, matching: int, count: int) -> Rate:
    """Measure what one client reaches at the API."""
    sender = EventSender(address, KEY, _matched(matching))
    try:
        return await measure_rate(f"HTTP, {matching} match", sender.send, count)
    finally:
        await sender.close()


def _by(taker: Taker, matching: int) -> Accept:
    async def accept(size: int) -> None:
        await taker.take(_matched(matching), size)

    return accept


def main() -> None:
    """Read the sizes, measure, show, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--output", type=Path, default=Path("bench-intake.json"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as directory:
        report = uvloop.run(
            run(
                Path(directory),
                rounds=given.rounds,
                events=given.events,
                count=given.count,
            )
        )
    report.show()
    given.output.write_text(json.dumps(report.rows(), indent=2) + "\n")
    print(f"\nwritten to {given.output}")


if __name__ == "__main__":
    main()
