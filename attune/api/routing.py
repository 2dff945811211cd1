"""How every route is entered: first who calls, then a strictly read body, in time.

The framework would read and parse a body before it asks who sent it, accept UTF-16,
duplicate keys and NaN, and wait for a silent database for ever.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.params import Form
from fastapi.routing import APIRoute

from attune.api.access import Access, access_of
from attune.api.acting import begin_acting, nobody_acting, note_denied
from attune.api.body import read_json, require_form
from attune.api.deadline import in_time
from attune.api.limits import BODY_SIZE, BodySize
from attune.domain.errors import PermissionDenied

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True)
class Allowance:
    """What a route may take beyond the ordinary."""

    body: BodySize = BodySize.ORDINARY
    slow: bool = False
    many: bool = False


_ORDINARY: Final = Allowance()


def allow(
    *, body: BodySize = BodySize.ORDINARY, slow: bool = False, many: bool = False
) -> Callable[[Endpoint], Endpoint]:
    """Let a route take a larger body, think longer, or take many things at once.

    Stands below the router's decorator.
    """

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__dict__["attune_allowance"] = Allowance(body, slow, many)
        return endpoint

    return mark


@dataclass(frozen=True, kw_only=True)
class _Entrance:
    """What every request to one route passes before the framework sees it."""

    handle: Handler
    access: Access
    allowance: Allowance
    takes_json: bool
    takes_form: bool

    async def __call__(self, request: Request) -> Response:
        with nobody_acting():
            try:
                return await self._respond(request)
            except PermissionDenied as error:
                await in_time(note_denied(request, error))
                raise

    async def _respond(self, request: Request) -> Response:
        if self.takes_json or self.takes_form or self.allowance != _ORDINARY:
            return await self._enter_with_body(request)
        return await in_time(self._enter(request))

    async def _enter(self, request: Request) -> Response:
        await self.access.admit(request)
        begin_acting(request)
        return await self.handle(request)

    async def _enter_with_body(self, request: Request) -> Response:
        """Let the caller take time to send the body, and the form's parser to read it."""
        await in_time(self.access.admit(request))
        begin_acting(request)
        if self.allowance.body is not BodySize.ORDINARY:
            request.scope[BODY_SIZE] = self.allowance.body
        elif self.takes_form:
            request.scope[BODY_SIZE] = BodySize.UPLOAD
        if self.takes_json:
            request = await read_json(request, many=self.allowance.many)
        if self.takes_form:
            require_form(request)
        if self.takes_form or self.allowance.slow:
            return await self.handle(request)
        return await in_time(self.handle(request))


class Route(APIRoute):
    """A route that authenticates before it reads, reads strictly, and ends in time."""

    def get_route_handler(self) -> Handler:
        """Wrap the framework's own handler in ours."""
        field = self.body_field
        takes_form = field is not None and isinstance(field.field_info, Form)
        return _Entrance(
            handle=super().get_route_handler(),
            access=access_of(self.dependant),
            allowance=getattr(self.endpoint, "attune_allowance", _ORDINARY),
            takes_json=field is not None and not takes_form,
            takes_form=takes_form,
        )


class Router(APIRouter):
    """The router that every file of `routes` makes: its routes are ours."""

    def __init__(self, *, prefix: str = "", tags: list[str] | None = None) -> None:
        super().__init__(
            prefix=prefix,
            tags=list(tags or []),
            route_class=Route,
            generate_unique_id_function=_operation_id,
        )


def _operation_id(route: APIRoute) -> str:
    """Name an operation after its function, so that moving its path changes nothing."""
    return route.name
