"""The process says whether it lives and whether it can work."""

import time

import httpx

from attune.api.app import create_app
from tests.integration.api.conftest import make_settings
from tests.integration.api.people import Api
from tests.support.eventually import eventually
from tests.support.line import line_to


async def test_everybody_may_ask(api: Api) -> None:
    assert (await api.client.get("/health")).json() == {"status": "ok"}
    assert (await api.client.get("/health/live")).status_code == 200
    assert (await api.client.get("/health/ready")).status_code == 200


async def test_details_name_the_database_and_the_version(api: Api) -> None:
    shown = (await api.client.get("/health/detailed")).json()

    assert shown["status"] == "ok"
    assert shown["database"] == "connected"
    assert shown["version"]


async def test_without_a_database_the_process_lives_and_is_not_ready() -> None:
    app = create_app(make_settings("postgresql://nobody@127.0.0.1:1/nowhere"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://attune") as client,
    ):
        assert (await client.get("/health/live")).status_code == 200
        refused = await client.get("/health/ready")

    assert refused.status_code == 503
    assert refused.headers["retry-after"]


async def test_a_silent_database_is_answered_within_five_seconds(
    api: Api, database_url: str
) -> None:
    ann = await api.person()
    async with line_to(database_url) as line:
        app = create_app(make_settings(line.url))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://a") as client,
        ):
            assert (await client.get("/health/ready")).status_code == 200
            line.freeze()
            began = time.monotonic()
            refused = await client.get("/auth/me", headers=ann.headers)

            assert refused.status_code == 503
            assert refused.headers["retry-after"]
            assert time.monotonic() - began < 5

            line.cut()
            line.thaw()
            await eventually(lambda: _answers(client, ann.headers))


async def _answers(client: httpx.AsyncClient, headers: dict[str, str]) -> bool:
    return (await client.get("/auth/me", headers=headers)).status_code == 200
