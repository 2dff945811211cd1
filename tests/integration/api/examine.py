"""Examine the whole document at length: `python -m tests.integration.api.examine 10`.

Takes so many minutes, with other cases in every round and every run; `--seed` repeats
one, `--only "POST /auth"` looks at what has this in its name. Prints each way in which an operation and the document disagree, once, and ends
with status 1 if there was any.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

import httpx

from attune.api.app import create_app
from attune.db.database import Database
from tests.integration.api.conftest import SECRET, make_settings
from tests.integration.api.examining import (
    Examiner,
    Finding,
    documented,
    drawn,
    edges,
)
from tests.integration.api.hostile import hostile
from tests.integration.api.owned import make_owned
from tests.integration.api.people import Api
from tests.support.database import (
    TEMPLATE,
    create_database,
    create_template,
    empty_tables,
)
from tests.support.servers import running_postgres

DRAWN = 60


@asynccontextmanager
async def serving(url: str) -> AsyncIterator[Api]:
    """The application on this database."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        app = create_app(
            make_settings(url, home / "artifacts", allow_self_registration=True)
        )
        database = Database(url)
        stack.push_async_callback(database.close)
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://attune")
        )
        yield Api(client=client, app=app, database=database, secret=SECRET)


async def one_round(
    api: Api, asked: argparse.Namespace, seed: int, ends_at: float
) -> AsyncIterator[tuple[int, list[Finding]]]:
    """Examine every operation, or as many as there is time for."""
    examiner = await Examiner.of(api, await make_owned(api))
    for operation in documented(api.app):
        if asked.only not in operation.label:
            continue
        if time.monotonic() > ends_at:
            break
        cases = [
            *edges(operation),
            *drawn(operation, DRAWN, seed),
            *hostile(operation, examiner.owned),
        ]
        yield len(cases), await examiner.examine(cases, seed)


async def examine(asked: argparse.Namespace) -> int:
    """Go round until the time is over; return how much was found."""
    ends_at = time.monotonic() + asked.minutes * 60
    known: set[tuple[str, str]] = set()
    total = 0
    async with running_postgres() as server:
        await create_template(server)
        url = await create_database(server, "attune_examined", TEMPLATE)
        for number in count():
            if time.monotonic() > ends_at:
                break
            await empty_tables(url)
            async with serving(url) as api:
                seed = asked.seed + number
                async for sent, found in one_round(api, asked, seed, ends_at):
                    total += sent
                    for finding in found:
                        if finding.key not in known:
                            known.add(finding.key)
                            say(f"\n{finding}")
            say(f"round {number}: {total} requests, {len(known)} findings")
    return len(known)


def say(line: str) -> None:
    """Print it at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Read what was asked for, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    say(f"seed {asked.seed}")
    sys.exit(bool(asyncio.run(examine(asked))))


if __name__ == "__main__":
    main()
