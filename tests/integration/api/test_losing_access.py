"""Who may no longer be here is out everywhere: sessions, streams, other processes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from attune.api import event_stream
from attune.api.app import create_app
from attune.api.watch import LOOK_AGAIN_SECONDS, Watch
from attune.db.database import Database
from attune.db.models import IdentityRole, PermissionSetRole
from attune.domain.permission import TokenType
from attune.services.execution import stream as execution_stream
from attune.services.memory import REMEMBER_SECONDS
from attune.services.notification import stream as notification_stream
from tests.integration.api.conftest import make_settings
from tests.integration.api.people import PASSWORD, Person, grant
from tests.integration.api.socket_client import Served, served_api, serving
from tests.support.builders import make_action, make_execution
from tests.support.eventually import eventually

SEES = [grant("executions", "read"), grant("identities", "read")]
LOST_ROLE = "losing"


@pytest.fixture
def app(database_url: str, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    look_again = partial(Watch, look_again_seconds=0.1)
    monkeypatch.setattr(event_stream, "Watch", look_again)
    for source in (execution_stream, notification_stream):
        monkeypatch.setattr(source, "KEEP_ALIVE_SECONDS", 0.1)
    return create_app(make_settings(database_url))


@pytest.fixture
async def served(app: FastAPI, database: Database) -> AsyncIterator[Served]:
    async with served_api(app, database) as served:
        yield served


@pytest.fixture
async def elsewhere(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Another API, which shares the database and nothing else."""
    async with (
        serving(create_app(make_settings(database_url))) as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=30) as client,
    ):
        yield client


def test_the_longest_stay_is_within_the_promise() -> None:
    quiet = max(
        execution_stream.KEEP_ALIVE_SECONDS, notification_stream.KEEP_ALIVE_SECONDS
    )

    assert REMEMBER_SECONDS + LOOK_AGAIN_SECONDS + quiet < 60


async def _ended(response: httpx.Response) -> None:
    async with asyncio.timeout(20):
        async for _ in response.aiter_raw():
            pass


@asynccontextmanager
async def streams(
    served: Served, who: Person, execution_id: int
) -> AsyncIterator[list[httpx.Response]]:
    """Open a stream of each kind that lasts as long as somebody follows."""
    async with AsyncExitStack() as stack:
        opened = []
        for path in (
            "/api/v1/notifications/stream?filter=entity_type:execution",
            "/api/v1/executions/stream",
            f"/api/v1/executions/{execution_id}/logs/stdout/stream",
        ):
            opening = served.api.client.stream("GET", path, headers=who.headers)
            response = await stack.enter_async_context(opening)
            assert response.status_code == 200, path
            opened.append(response)
        yield opened


Change = Callable[[Served, Person, Person], Awaitable[Any]]


async def _freeze(served: Served, root: Person, who: Person) -> None:
    path = f"/api/v1/identities/{who.id}/freeze"
    answer = await served.api.client.post(path, headers=root.headers)
    assert answer.status_code == 200, answer.text


async def _delete(served: Served, root: Person, who: Person) -> None:
    path = f"/api/v1/identities/{who.id}"
    answer = await served.api.client.delete(path, headers=root.headers)
    assert answer.status_code == 200, answer.text


async def _change_password(served: Served, root: Person, who: Person) -> None:
    answer = await served.api.client.put(
        f"/api/v1/identities/{who.id}",
        json={"password": "quite another one"},
        headers=root.headers,
    )
    assert answer.status_code == 200, answer.text


async def _demote(served: Served, root: Person, who: Person) -> None:
    client, path = served.api.client, f"/api/v1/identities/{who.id}"
    found = (await client.get(path, headers=root.headers)).json()["data"]
    for each in found["direct_permissions"]:
        path = f"/api/v1/permissions/assignments/{each['id']}"
        assert (await client.delete(path, headers=root.headers)).status_code == 200


async def _take_role(served: Served, root: Person, who: Person) -> None:
    client, path = served.api.client, f"/api/v1/identities/{who.id}"
    found = (await client.get(path, headers=root.headers)).json()["data"]
    for each in found["roles"]:
        path = f"/api/v1/identities/roles/{each['id']}"
        assert (await client.delete(path, headers=root.headers)).status_code == 200


async def _somebody(served: Served, change: Change) -> Person:
    """Return one who has what is about to be taken, logged in by password."""
    api = served.api
    by_role = change is _take_role
    who = await api.person([] if by_role else SEES)
    if by_role:
        async with api.database.transaction() as tx:
            holder = await api.person()
            ref = await api.assign(holder.id, SEES, tx)
            permset = await tx.permission_sets.get_by_ref(ref)
            tx.session.add(PermissionSetRole(permset_id=permset.id, role=LOST_ROLE))
            tx.session.add(IdentityRole(identity_id=who.id, role=LOST_ROLE))
    return who


async def _logged_in(served: Served, who: Person) -> tuple[Person, dict[str, str]]:
    body = {"login": who.login, "password": PASSWORD}
    pair = (await served.api.client.post("/auth/login", json=body)).json()["data"]
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    return (
        Person(who.id, who.login, headers),
        {"refresh_token": pair["refresh_token"]},
    )


async def _loses_access(
    served: Served, elsewhere: httpx.AsyncClient, change: Change, *, keeps_session: bool
) -> None:
    root = await served.api.administrator()
    who, refresh = await _logged_in(served, await _somebody(served, change))
    async with served.api.database.transaction() as tx:
        action = await make_action(tx)
        execution = await make_execution(tx, action, executor_id=who.id)
    path = f"/api/v1/executions/{execution.id}"
    clients = (served.api.client, elsewhere)
    for client in clients:
        assert (await client.get(path, headers=who.headers)).status_code == 200

    async with streams(served, who, execution.id) as opened:
        await change(served, root, who)
        await asyncio.gather(*map(_ended, opened))

    async def refused() -> bool:
        answers = [await client.get(path, headers=who.headers) for client in clients]
        return all(each.status_code in {401, 403, 404} for each in answers)

    # What is remembered lasts ten seconds: sooner is the work of the notification.
    await eventually(refused, seconds=8)
    renewed = [await client.post("/auth/refresh", json=refresh) for client in clients]
    statuses = [each.status_code == 200 for each in renewed]
    assert statuses == [keeps_session] * 2, change


async def test_access_ends_in_every_process_and_in_open_streams(
    served: Served, elsewhere: httpx.AsyncClient
) -> None:
    loses_access = partial(_loses_access, served, elsewhere)
    await asyncio.gather(
        loses_access(_freeze, keeps_session=False),
        loses_access(_delete, keeps_session=False),
        loses_access(_change_password, keeps_session=False),
        loses_access(_demote, keeps_session=True),
        loses_access(_take_role, keeps_session=True),
    )


async def test_code_of_a_frozen_owner_is_refused_too(
    served: Served, elsewhere: httpx.AsyncClient
) -> None:
    api = served.api
    root, ann = await api.administrator(), await api.person(SEES)
    async with api.database.transaction() as tx:
        action = await make_action(tx)
        execution = await make_execution(tx, action, executor_id=ann.id)
    acting = api.headers(
        TokenType.EXECUTION,
        ann.id,
        execution_id=execution.id,
        action_ref=action.ref,
    )
    sensing = api.headers(TokenType.SENSOR, ann.id, trigger_types=["core.timer"])

    async def statuses() -> set[int]:
        return {
            (await client.get("/auth/me", headers=headers)).status_code
            for client in (api.client, elsewhere)
            for headers in (acting, sensing)
        }

    assert await statuses() == {200}
    await _freeze(served, root, ann)

    async def refused() -> bool:
        return await statuses() == {403}

    await eventually(refused, seconds=8)
