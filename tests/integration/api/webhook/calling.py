"""Webhooks set up, and called as the world calls them."""

import asyncio
import hashlib
import hmac
import json
from typing import Any

import asyncpg
import httpx

from tests.integration.api.defining import Workshop

SECRET = "shared between two"


async def guard(shop: Workshop, sql: asyncpg.Connection, config: Any) -> None:
    """Set the webhook's checks as plain SQL does, and wait until the API has heard."""
    services = shop.api.app.state.services
    heard = asyncio.Event()
    forget = services.receiving._book.forget

    def note() -> None:
        forget()
        heard.set()

    services.receiving._book.forget = note
    await sql.execute(
        "UPDATE attune.trigger SET webhook_config = $1::jsonb", json.dumps(config)
    )
    async with asyncio.timeout(5):
        await heard.wait()
    services.receiving._book.forget = forget


def sign(body: bytes, algorithm: str = "sha256", secret: str = SECRET) -> str:
    digest = hmac.new(secret.encode(), body, getattr(hashlib, algorithm))
    return f"{algorithm}={digest.hexdigest()}"


async def post(
    shop: Workshop, path: str, body: bytes, **headers: str
) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await shop.api.client.post(
        path, content=body, headers={"Content-Type": "application/json"} | named
    )


async def event_of(shop: Workshop, answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return await shop.get(f"/events/{answer.json()['event_id']}")


async def stored(sql: asyncpg.Connection) -> int:
    found: int = await sql.fetchval("SELECT count(*) FROM attune.event")
    return found
