"""A stream ends when its reader may no longer read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import Request

from attune.api import watch
from attune.api.access import CALLER
from attune.api.event_stream import stream
from attune.domain.errors import AttuneError, PermissionDenied, Unavailable
from attune.domain.permission import Action, Caller, Grant, Resource, TokenType
from attune.security.tokens import InvalidToken

READ = Grant(resource=Resource.EXECUTIONS, actions=frozenset({Action.READ}))
ANN = Caller(identity_id=1, login="ann", token_type=TokenType.ACCESS, grants=(READ,))
LENGTH = 3


@asynccontextmanager
async def source() -> AsyncIterator[AsyncIterator[int]]:
    async def numbers() -> AsyncIterator[int]:
        for number in range(LENGTH):
            yield number

    yield numbers()


async def read(now: Caller | AttuneError, *, seconds: float) -> int:
    """Return how many pieces somebody gets who was let in as ANN."""

    async def identify(token: str) -> Caller:
        del token
        if isinstance(now, AttuneError):
            raise now
        return now

    access = SimpleNamespace(identify=identify)
    app: Any = SimpleNamespace(state=SimpleNamespace())
    app.state.services = SimpleNamespace(access=access)
    scope = {
        "type": "http",
        "headers": [(b"authorization", b"Bearer x")],
        "app": app,
        CALLER: ANN,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch.Watch.__init__, "__defaults__", (seconds,))
        answer = await stream(Request(scope), source(), lambda n: b"%d" % n)
        return len([piece async for piece in answer.body_iterator])


@pytest.mark.parametrize("now", [ANN, Unavailable("just now")])
async def test_it_goes_on_for_who_may_read(now: Caller | AttuneError) -> None:
    assert await read(now, seconds=0) == LENGTH


@pytest.mark.parametrize(
    "now",
    [
        InvalidToken("expired"),
        PermissionDenied("frozen"),
        Caller(identity_id=1, login="ann", token_type=TokenType.ACCESS),
    ],
)
async def test_it_ends_for_who_may_not(now: Caller | AttuneError) -> None:
    assert await read(now, seconds=0) == 0


async def test_it_does_not_ask_at_every_piece() -> None:
    assert await read(InvalidToken("expired"), seconds=3600) == LENGTH
