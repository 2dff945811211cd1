"""Bodies made to be slow: each is answered as it deserves, and nobody else waits."""

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from tests.integration.api.defining import Workshop, make_workshop, statuses
from tests.integration.api.people import Api
from tests.support.cpu_time import leave_past_alone

FORM = "application/x-www-form-urlencoded"
TEXT = "text/plain"
STALL_SECONDS = 0.5
"""Most processor time that the process may spend without looking at anybody else."""

KEYS = b"{" + b",".join(b'"k%d":1' % n for n in range(80_000)) + b"}"
DIGITS = b"9" * 900_000
ESCAPES = b'"' + b"\\ud800" * 150_000 + b'"'

POISON = {
    "deep lists": (b"[" * 400_000, "application/json", 400),
    "deep objects": (b'{"a":' * 150_000, "application/json", 400),
    "many elements": (b"[" + b"1," * 400_000 + b"1]", "application/json", 422),
    "many keys": (KEYS, "application/json", 422),
    "many digits": (DIGITS, "application/json", 400),
    "huge exponent": (b"1e" + DIGITS, "application/json", 422),
    "half surrogates": (ESCAPES, "application/json", 422),
    "no UTF-8": (b"\xff" * 900_000, "application/json", 400),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "application/json", 400),
    "too long": (b'"' + b"x" * 1_100_000 + b'"', "application/json", 413),
    "many fields": (b"&".join(b"a%d=1" % n for n in range(60_000)), FORM, 422),
    "one field often": (b"a=1&" * 200_000, FORM, 422),
    "percents": (b"a=" + b"%41" * 300_000, FORM, 200),
    "no UTF-8 in percents": (b"a=" + b"%ff" * 300_000, FORM, 400),
    "JSON in a form": (b"payload=" + b"%5B" * 300_000, FORM, 422),
    "deep text": (b"[" * 900_000, TEXT, 422),
    "NUL in a text": (b"\0" * 900_000, TEXT, 422),
    "slow pattern": (b'{"s":"' + b"a" * 900_000 + b'!"}', "application/json", 422),
    "slow to check": (
        json.dumps({"l": [{"k": n % 30} for n in range(3_000)]}).encode(),
        "application/json",
        422,
    ),
}


@pytest.fixture
async def shop(api: Api) -> Workshop:
    return await make_workshop(api)


@asynccontextmanager
async def nobody_waits() -> AsyncIterator[None]:
    """Fail if this process works for long without a look at what else there is."""
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        seen = time.process_time()
        while True:
            await asyncio.sleep(0)
            now = time.process_time()
            longest, seen = max(longest, now - seen), now

    leave_past_alone()
    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
    assert longest < STALL_SECONDS


async def test_poison_is_answered_and_delays_nobody(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    choices = [
        {"type": "object", "properties": {"k": {"const": n}}, "required": ["k"]}
        for n in range(20)
    ]
    poisoned = await shop.webhook(
        payload_check="refuse",
        out_schema={
            "s": {"type": "string", "pattern": "^(a+)+$"},
            "l": {"type": "array", "items": {"oneOf": choices}},
        },
    )
    healthy = await shop.webhook("healthy")

    async def deliver(name: str) -> tuple[str, int]:
        body, kind, _ = POISON[name]
        answer = await shop.api.client.post(
            poisoned, content=body, headers={"Content-Type": kind}
        )
        return name, answer.status_code

    async def others() -> list[httpx.Response]:
        return [
            await shop.api.client.post(healthy, json={"n": n})
            for n in range(len(POISON))
        ]

    async with nobody_waits():
        answers, bystanders = await asyncio.gather(
            asyncio.gather(*map(deliver, POISON)), others()
        )

    assert dict(answers) == {name: status for name, (*_, status) in POISON.items()}
    assert statuses(bystanders) == {200: len(POISON)}
    taken = sum(status == 200 for *_, status in POISON.values())
    stored = await sql.fetchval("SELECT count(*) FROM attune.event")
    assert stored == taken + len(POISON)


async def test_what_is_compressed_is_never_unpacked(shop: Workshop) -> None:
    path = await shop.webhook()
    body = gzip.compress(b" " * 50_000_000)

    for coding in ("gzip", "x-unheard-of"):
        answer = await shop.api.client.post(
            path, content=body, headers={"Content-Encoding": coding}
        )
        assert answer.status_code == 415
    unnamed = await shop.api.client.post(path, content=body)
    assert unnamed.status_code == 400


async def test_a_poisoned_batch_delays_nobody(shop: Workshop) -> None:
    await shop.trigger()
    ref = f"{shop.pack.ref}.fired"
    events = [{"trigger_ref": ref, "payload": [n] * 150} for n in range(1_000)]
    poison = [{"trigger_ref": ref, "payload": {"k": [0] * 20_000}} for _ in range(9)]

    async with nobody_waits():
        good, bad = await asyncio.gather(
            shop.send("POST", "/events/batch", {"events": events}),
            shop.send("POST", "/events/batch", {"events": poison}),
        )

    assert good.json()["data"]["created"] == 1_000
    assert bad.json()["data"]["refused"] == 9
