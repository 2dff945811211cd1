"""Who may enter a route: every route names exactly one of these rules.

A route without one cannot be constructed, so forgetting means a refusal to start,
never an open door.
"""

from dataclasses import dataclass
from typing import Any, Final

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from starlette.requests import HTTPConnection

from attune.domain.errors import PermissionDenied
from attune.domain.permission import Action, Caller, Resource, TokenType
from attune.security.tokens import InvalidToken

CALLER: Final = "attune.caller"
"""Where the request's scope keeps its caller."""

_SCHEME: Final = "bearer "


class Access:
    """Decides at the door, and hands the caller to the route as a dependency."""

    async def admit(self, request: Request) -> None:
        """Find out who calls and refuse whom this rule does not let in."""
        caller = await authenticate(request)
        # First, so that a refusal is known to be this caller's.
        request.scope[CALLER] = caller
        self.check(caller)

    def check(self, caller: Caller) -> None:
        """Raise PermissionDenied for a caller this rule does not let in."""
        raise NotImplementedError

    async def __call__(self, request: Request) -> Caller:
        """Return the caller that was admitted; fails where nobody was."""
        caller: Caller = request.scope[CALLER]
        return caller


@dataclass(frozen=True)
class Requires(Access):
    """Lets in whoever has some grant for this; the service checks the thing itself."""

    resource: Resource
    action: Action

    def check(self, caller: Caller) -> None:
        """Refuse a caller without any grant for this resource and action."""
        caller.require(self.resource, self.action)


@dataclass(frozen=True)
class AnyToken(Access):
    """Lets in every identity, execution and sensor, whatever it was granted."""

    def check(self, caller: Caller) -> None:
        """Refuse a worker: its token is for the internal routes only."""
        if caller.token_type is TokenType.WORKER:
            raise PermissionDenied("403 forbidden: a worker token is not enough here")


@dataclass(frozen=True)
class AccessToken(Access):
    """Lets in a person or service that logged in itself."""

    def check(self, caller: Caller) -> None:
        """Refuse the tokens that were made for code."""
        if caller.token_type is not TokenType.ACCESS:
            raise PermissionDenied("403 forbidden: this needs an access token")


@dataclass(frozen=True)
class WorkerToken(Access):
    """Lets in workers only."""

    def check(self, caller: Caller) -> None:
        """Refuse everybody but a worker."""
        if caller.token_type is not TokenType.WORKER:
            raise PermissionDenied("403 forbidden: this needs a worker token")


@dataclass(frozen=True)
class Anybody(Access):
    """Lets in everybody, without asking who it is."""

    async def admit(self, request: Request) -> None:
        """Do nothing."""

    def check(self, caller: Caller) -> None:
        """Do nothing."""

    async def __call__(self, request: Request) -> Any:
        """Return nothing: nobody knows who called a public route."""
        del request


def requires(resource: Resource, action: Action) -> Any:
    """Return the dependency that yields the caller and admits only with a grant."""
    return Depends(Requires(resource, action))


def access_of(dependant: Dependant) -> Access:
    """Return the one rule of a route; raises RuntimeError for none or several."""
    rules = [d.call for d in dependant.dependencies if isinstance(d.call, Access)]
    if len(set(rules)) != 1:
        where = f"{dependant.path} ({getattr(dependant.call, '__name__', '?')})"
        raise RuntimeError(f"{where} names {len(set(rules))} access rules, not one")
    return rules[0]


async def authenticate(request: Request) -> Caller:
    """Return who sent the bearer token, or raise InvalidToken."""
    services = request.app.state.services
    caller: Caller = await services.access.identify(bearer_token(request))
    return caller


def bearer_token(connection: HTTPConnection) -> str:
    """Return the token of a request or a socket, or raise InvalidToken."""
    value = connection.headers.get("authorization", "")
    if value[: len(_SCHEME)].lower() != _SCHEME:
        raise InvalidToken("A bearer token is required")
    return value[len(_SCHEME) :].strip()
