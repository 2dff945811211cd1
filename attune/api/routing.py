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

from attune.api.access import access_of
from attune.api.body import read_json, require_form
from attune.api.deadline import in_time
from attune.api.limits import LARGE_BODY

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True)
class Allowance:
    """What a route may take beyond the ordinary."""

    large_body: bool = False
    slow: bool = False


_ORDINARY: Final = Allowance()


def allow(
    *, large_body: bool = False, slow: bool = False
) -> Callable[[Endpoint], Endpoint]:
    """Let a route take an upload-sized body, or think for longer than the deadline.

    Stands below the router's decorator.
    """

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__dict__["attune_allowance"] = Allowance(large_body, slow)
        return endpoint

    return mark


class Route(APIRoute):
    """A route that authenticates before it reads, reads strictly, and ends in time."""

    def get_route_handler(self) -> Handler:
        """Wrap the framework's own handler in ours."""
        handle = super().get_route_handler()
        access = access_of(self.dependant)
        allowance = getattr(self.endpoint, "attune_allowance", _ORDINARY)
        field = self.body_field
        takes_form = field is not None and isinstance(field.field_info, Form)
        takes_json = field is not None and not takes_form

        async def enter(request: Request) -> Response:
            await in_time(access.admit(request))
            if takes_form or allowance.large_body:
                request.scope[LARGE_BODY] = True
            if takes_json:
                request = await read_json(request)
            if takes_form:
                require_form(request)
            if takes_form or allowance.slow:
                return await handle(request)
            return await in_time(handle(request))

        return enter


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
