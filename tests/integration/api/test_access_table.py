"""Every route and method against every kind of token: the table says what is answered."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, Final

import pytest
from fastapi import FastAPI
from websockets.exceptions import InvalidStatus

from attune.db.database import Database
from attune.domain.permission import TokenType
from tests.integration.api.access_page import PAGE, page
from tests.integration.api.access_table import (
    ANYONE,
    INTERNAL,
    PUBLIC,
    STRANGERS,
    Kind,
    held,
    refusal,
    rows,
)
from tests.integration.api.operations import Operation, operations
from tests.integration.api.owned import Owned, granted, make_owned
from tests.integration.api.people import EVERYTHING, Api
from tests.integration.api.socket_client import opened, served_api
from tests.integration.api.walking import is_list, opening, send

SETS: Final = {
    Kind.VIEWER: "viewer",
    Kind.EXECUTOR: "executor",
    Kind.EDITOR: "editor",
    Kind.ADMIN: "admin",
    Kind.OTHER: "tenant",
}
"""The permission set of the core pack that each of these has."""

QUIET: Final = [*STRANGERS, Kind.VIEWER, Kind.WORKER]
"""They change nothing, so that what is there for one is there for the next."""

LET_IN: Final = {*range(200, 400), 400, 404, 409, 422}
"""What is answered to who is let in and changes something, whatever it comes to."""

OPEN: Final[Mapping[str, int]] = {
    "GET /health": 200,
    "GET /health/detailed": 200,
    "GET /health/live": 200,
    "GET /health/ready": 200,
    "GET /auth/settings": 200,
    # Not set up.
    "GET /auth/callback": 501,
    "GET /auth/logout": 501,
    "GET /auth/oidc/login": 501,
    # Without a body.
    "POST /auth/ldap/login": 422,
    "POST /auth/login": 422,
    "POST /auth/refresh": 422,
    "POST /auth/register": 422,
    "POST /auth/token-login": 422,
    "POST /api/v1/webhooks/{webhook_key}": 404,
}
"""What is answered to everybody alike, whatever token comes with it."""

ABSENT: Final = {"GET /api/v1/rules/{ref}/firings", "GET /api/v1/workers/{worker_id}"}
"""The owner's rule is no timer, and nobody owns a worker: 404 to who is let in."""

_NOT_THEIRS: Final = dict.fromkeys((Kind.VIEWER, Kind.EXECUTOR, Kind.EDITOR), 404)
_NOT_OF_SENSORS: Final = {Kind.SENSOR: 404}

EXCEPTIONS: Final[Mapping[str, Mapping[Kind, int]]] = {
    # Others are shown to who may read identities.
    "GET /api/v1/identities/{id}/integration-tokens": _NOT_THEIRS,
    # Answering takes the grant, or being asked.
    "POST /api/v1/inquiries/{id}/respond": {
        Kind.VIEWER: 403,
        Kind.EXECUTION: 403,
        Kind.SENSOR: 404,
    },
    # A graph is good only in the hands of who may execute what it names.
    "POST /api/v1/workflows/validate": {Kind.VIEWER: 403},
    "POST /api/v1/packs/{ref}/workflows/validate": {Kind.VIEWER: 403},
    # Replacing somebody else's pack takes what removing it takes.
    "POST /api/v1/packs/upload": {Kind.EDITOR: 403, Kind.OTHER: 409},
    # A sensor reads the triggers that it emits, and their rules.
    "GET /api/v1/actions/{action_ref}/rules": _NOT_OF_SENSORS,
    "GET /api/v1/sensors/{ref}": _NOT_OF_SENSORS,
    "GET /api/v1/sensors/{sensor_ref}/logs": _NOT_OF_SENSORS,
    "GET /api/v1/sensors/{sensor_ref}/logs/{stream}": _NOT_OF_SENSORS,
    "GET /api/v1/inquiries/{id}": _NOT_OF_SENSORS,
    "GET /api/v1/executions/{execution_id}/inquiries": _NOT_OF_SENSORS,
    # Of what is not there, and of what one may not see, there are none.
    "GET /api/v1/enforcements/{enforcement_id}/executions": {Kind.OTHER: 200},
    # Names are taken for everybody alike.
    "POST /api/v1/packs": {Kind.OTHER: 409},
    # Nobody may make things for what they do not own, whether it is there or not.
    "POST /api/v1/artifacts": {Kind.OTHER: 403},
    "POST /api/v1/artifacts/ref/{ref}/versions/file": {Kind.OTHER: 403},
    "POST /api/v1/artifacts/ref/{ref}/versions/upload": {Kind.OTHER: 403},
    # These name nothing of anybody's.
    "POST /auth/change-password": {Kind.OTHER: 422},
    "PUT /auth/me": {Kind.OTHER: 200},
    "POST /api/v1/timers/preview": {Kind.OTHER: 200},
    "POST /api/v1/packs/install": {Kind.OTHER: 422},
    "POST /api/v1/packs/register": {Kind.OTHER: 422},
    # Each answer stands for itself.
    "POST /api/v1/events/batch": {Kind.OTHER: 200},
}
"""What one kind is answered, against what the row says of it."""

ORDER: Final = ("GET", "POST", "PUT", "DELETE")
"""Look at all things before the first is changed, and at the last remove them."""


async def headers_of(kind: Kind, api: Api, owned: Owned) -> Mapping[str, str]:
    if kind in SETS:
        return (await api.person(granted(SETS[kind]))).headers
    root = await api.administrator()
    return minted(api, root.id, owned.things)[kind]


def minted(
    api: Api, root: int, things: Mapping[str, Any]
) -> Mapping[Kind, Mapping[str, str]]:
    """Return the headers of all that is no person with a permission set."""
    expired = api.tokens.sign(
        TokenType.ACCESS, identity_id=root, login="", lifetime=timedelta(hours=-1)
    )
    of_execution = {
        "execution_id": things["executions"],
        "action_ref": things["actions"],
        "permission_set_refs": [],
    }
    triggers = [things["triggers"]]
    return {
        Kind.NONE: {},
        Kind.GARBAGE: {"Authorization": "Bearer x.y.z"},
        Kind.EXPIRED: {"Authorization": f"Bearer {expired}"},
        Kind.REFRESH: api.headers(TokenType.REFRESH, root),
        Kind.EXECUTION: api.headers(TokenType.EXECUTION, root, **of_execution),
        Kind.SENSOR: api.headers(TokenType.SENSOR, root, trigger_types=triggers),
        Kind.WORKER: api.worker("worker"),
    }


@pytest.fixture
async def owned(api: Api) -> Owned:
    return await make_owned(api)


async def publish(api: Api, owned: Owned) -> None:
    """Make the pack and all that is in it everybody's."""
    async with api.database.transaction() as tx:
        pack = await tx.packs.get_by_ref(str(owned.things["packs"]))
        pack.owner_identity_id = None


@pytest.mark.parametrize("kind", SETS)
def test_the_default_sets_hold_what_the_table_says(kind: Kind) -> None:
    found = {
        f"{each['resource']}:{action}"
        for each in granted(SETS[kind])
        for action in each["actions"]
    }

    assert found == held(kind)


def test_the_page_for_operators_is_this_table() -> None:
    assert PAGE.read_text() == page()


async def status_of(
    api: Api, headers: Mapping[str, str], operation: Operation, owned: Owned
) -> int:
    if operation.template.endswith("/stream"):
        return await opening(api, headers, owned.path(operation.template))
    return (await send(api, headers, operation, owned)).status_code


@pytest.mark.parametrize(
    "kinds",
    [QUIET, *([kind] for kind in Kind if kind not in QUIET)],
    ids=lambda kinds: kinds[0] if len(kinds) == 1 else "quiet",
)
async def test_each_route_answers_each_kind_of_token_as_the_table_says(
    api: Api, owned: Owned, kinds: Collection[Kind]
) -> None:
    if Kind.OTHER not in kinds:
        await publish(api, owned)

    found = [answer for kind in kinds for answer in await surprises(kind, api, owned)]

    assert found == []


async def test_no_other_grant_opens_a_route(api: Api, owned: Owned) -> None:
    await publish(api, owned)
    by_name = {str(each): each for each in operations(api.app)}
    found = []
    for need in sorted({row.need for row in rows() if ":" in row.need}):
        who = await api.person(everything_but(need))
        for row in rows():
            if row.need == need:
                status = await status_of(api, who.headers, by_name[str(row)], owned)
                found += [] if status == 403 else [(str(row), int(status))]

    assert found == []


def everything_but(need: str) -> list[Mapping[str, Any]]:
    resource, _, action = need.partition(":")
    return [
        {**each, "actions": sorted({*each["actions"]} - {action})}
        if each["resource"] == resource
        else each
        for each in EVERYTHING
    ]


async def surprises(kind: Kind, api: Api, owned: Owned) -> list[tuple[Kind, str, int]]:
    """Ask for everything; return what is answered against the table."""
    headers = await headers_of(kind, api, owned)
    by_name = {str(each): each for each in operations(api.app)}
    found = []
    for row in sorted(rows(), key=lambda row: ORDER.index(row.method)):
        operation = by_name[str(row)]
        status = await status_of(api, headers, operation, owned)
        if status not in expected(kind, operation, row.need):
            found.append((kind, str(row), int(status)))
    return found


async def test_the_socket_is_for_anyone(app: FastAPI, database: Database) -> None:
    found = {}
    async with served_api(app, database) as served:
        owned = await make_owned(served.api)
        for kind in Kind:
            headers = await headers_of(kind, served.api, owned)
            found[kind] = await upgrade(served.address, headers)

    assert found == {kind: refusal(kind, ANYONE) or 101 for kind in Kind}


async def upgrade(address: str, headers: Mapping[str, str]) -> int:
    try:
        async with opened(address, dict(headers)):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def expected(kind: Kind, operation: Operation, need: str) -> Collection[int]:
    name = str(operation)
    exact = EXCEPTIONS.get(name, {}).get(kind) or refusal(kind, need)
    if need == PUBLIC:
        return {OPEN[name]}
    if exact is not None:
        return {exact}
    if name in ABSENT or (kind is Kind.OTHER and not is_list(operation)):
        return {404}
    if operation.method == "GET" and need != INTERNAL:
        return {200}
    return LET_IN
