"""No route is open by accident, to no kind of token."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from starlette.routing import Route as PlainRoute
from starlette.routing import WebSocketRoute

from attune.api.access import (
    AccessToken,
    Anybody,
    AnyToken,
    Requires,
    WorkerToken,
)
from attune.api.dependencies import PUBLIC, Authenticated
from attune.api.routing import Route, Router
from attune.domain.permission import MEANT, Grant, TokenType
from attune.packs.document import read_document
from attune.packs.loader import CORE_DIRECTORY
from tests.integration.api.operations import Operation, operations
from tests.integration.api.people import Api

OPEN = {
    "GET /health",
    "GET /health/live",
    "GET /health/ready",
    "GET /health/detailed",
    "GET /auth/settings",
    "GET /auth/oidc/login",
    "GET /auth/callback",
    "GET /auth/logout",
    "POST /auth/login",
    "POST /auth/ldap/login",
    "POST /auth/refresh",
    "POST /auth/register",
    "POST /auth/token-login",
    "POST /api/v1/webhooks/{webhook_key}",
}
"""Whoever opens another route says so here."""

DOCUMENTS = {
    "/api-spec/openapi.json",
    "/docs",
}


def closed(app: FastAPI) -> list[Operation]:
    return [o for o in operations(app) if not isinstance(o.access, Anybody)]


def test_a_route_without_a_rule_cannot_be_made() -> None:
    router = Router(prefix="/things")

    async def list_things() -> None: ...

    with pytest.raises(RuntimeError, match="0 access rules"):
        router.get("")(list_things)


def test_a_route_with_two_rules_cannot_be_made() -> None:
    router = Router(prefix="/things")

    async def list_things(caller: Authenticated) -> None: ...

    with pytest.raises(RuntimeError, match="2 access rules"):
        router.get("", dependencies=[PUBLIC])(list_things)


def test_every_route_is_ours(app: FastAPI) -> None:
    others = [r for r in app.routes if not isinstance(r, Route)]

    assert {r.path for r in others if isinstance(r, PlainRoute)} == DOCUMENTS
    # The socket asks for its token itself, before the upgrade.
    assert [r.path for r in others if isinstance(r, WebSocketRoute)] == ["/ws"]
    assert len(others) == len(DOCUMENTS) + 1


def test_only_these_are_open(app: FastAPI) -> None:
    found = {str(o) for o in operations(app) if isinstance(o.access, Anybody)}

    assert found <= OPEN


def test_only_workers_enter_the_internal_routes(app: FastAPI) -> None:
    internal = [o for o in operations(app) if o.template.startswith("/internal/")]

    assert internal
    assert all(isinstance(o.access, WorkerToken) for o in internal)


async def answers(
    api: Api, wanted: Iterable[Operation], headers: dict[str, str]
) -> dict[str, int]:
    """Call each with a body that cannot be read: whoever enters is answered 4xx."""
    found = {}
    for operation in wanted:
        response = await api.client.request(
            operation.method,
            operation.path,
            content=b"{",
            headers={**headers, "Content-Type": "application/json"},
        )
        found[str(operation)] = response.status_code
    return found


async def test_nobody_enters_without_a_token(api: Api) -> None:
    found = await answers(api, closed(api.app), {})

    assert set(found.values()) == {401}


async def test_a_refresh_token_enters_nowhere(api: Api) -> None:
    ann = await api.administrator()
    headers = api.headers(TokenType.REFRESH, ann.id)

    assert set((await answers(api, closed(api.app), headers)).values()) == {401}


async def test_a_worker_token_enters_the_internal_routes_only(api: Api) -> None:
    wanted = [o for o in closed(api.app) if not isinstance(o.access, WorkerToken)]

    assert set((await answers(api, wanted, api.worker())).values()) == {403}


async def test_nobody_else_enters_the_internal_routes(api: Api) -> None:
    ann = await api.administrator()
    facts: dict[str, Any] = {"execution_id": 1, "action_ref": "ops.deploy"}
    internal = [o for o in closed(api.app) if isinstance(o.access, WorkerToken)]

    for headers in (
        ann.headers,
        api.headers(TokenType.EXECUTION, ann.id, **facts),
        api.headers(TokenType.SENSOR, ann.id, trigger_types=["ops.alarm"]),
    ):
        assert set((await answers(api, internal, headers)).values()) == {403}


async def refused_everywhere(
    api: Api, headers: dict[str, str], allowed: Callable[[Requires], bool]
) -> None:
    wanted = [
        o
        for o in closed(api.app)
        if isinstance(o.access, Requires) and not allowed(o.access)
    ]

    found = await answers(api, wanted, headers)

    assert {o: status for o, status in found.items() if status != 403} == {}


async def test_an_identity_without_grants_enters_no_route_that_needs_one(
    api: Api,
) -> None:
    ann = await api.person()

    await refused_everywhere(api, ann.headers, lambda _: False)


async def test_an_execution_without_sets_enters_only_what_is_its_own(api: Api) -> None:
    ann = await api.administrator()
    headers = api.headers(
        TokenType.EXECUTION,
        ann.id,
        execution_id=1,
        action_ref="ops.deploy",
        permission_set_refs=[],
    )

    # It looks at itself, asks people, and emits the triggers of its own pack.
    own = {
        ("executions", "read"),
        ("inquiries", "read"),
        ("inquiries", "create"),
        ("events", "create"),
    }
    await refused_everywhere(
        api, headers, lambda rule: (rule.resource, rule.action) in own
    )


async def test_a_sensor_emits_its_triggers_and_reads_their_rules(api: Api) -> None:
    ann = await api.administrator()
    headers = api.headers(TokenType.SENSOR, ann.id, trigger_types=["ops.alarm"])

    own = {("events", "create"), ("triggers", "read"), ("rules", "read")}
    await refused_everywhere(
        api, headers, lambda rule: (rule.resource, rule.action) in own
    )


async def test_code_enters_no_route_for_persons(api: Api) -> None:
    ann = await api.administrator()
    facts: dict[str, Any] = {"execution_id": 1, "action_ref": "ops.deploy"}
    wanted = [o for o in closed(api.app) if isinstance(o.access, AccessToken)]

    found = await answers(
        api, wanted, api.headers(TokenType.EXECUTION, ann.id, **facts)
    )

    assert set(found.values()) == {403}


def test_the_rules_are_these(app: FastAPI) -> None:
    kinds = (Requires, AnyToken, AccessToken, WorkerToken)

    assert all(isinstance(o.access, kinds) for o in closed(app))


def test_every_grant_that_a_route_needs_has_a_meaning(app: FastAPI) -> None:
    needed = {
        (o.access.resource, o.access.action)
        for o in closed(app)
        if isinstance(o.access, Requires)
    }

    assert {(r, a) for r, a in needed if a not in MEANT[r]} == set()


def test_the_administrator_may_do_everything_that_has_a_meaning() -> None:
    path = CORE_DIRECTORY / "permission_sets" / "admin.yaml"
    document: dict[str, Any] = read_document(path)

    grants = [Grant.model_validate(grant) for grant in document["grants"]]

    assert {grant.resource: grant.actions for grant in grants} == MEANT


def test_a_dependency_does_not_pass_for_a_rule() -> None:
    router = Router(prefix="/things")

    async def anything() -> None: ...

    async def list_things() -> None: ...

    with pytest.raises(RuntimeError, match="0 access rules"):
        router.get("", dependencies=[Depends(anything)])(list_things)
