"""Every operation that the application offers, for tests that spare none."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.params import Form
from starlette.routing import compile_path

from attune.api.access import Access, access_of
from attune.api.routing import Route


@dataclass(frozen=True)
class Operation:
    """One method of one path, with values in the path's places."""

    method: str
    template: str
    path: str
    access: Access
    takes_json: bool
    requires_body: bool

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


def operations(app: FastAPI) -> Iterator[Operation]:
    """Walk the routes that we wrote."""
    for route in app.routes:
        if isinstance(route, Route):
            for method in sorted(route.methods or ()):
                yield _operation(route, method)


def _operation(route: Route, method: str) -> Operation:
    field = route.body_field
    return Operation(
        method=method,
        template=route.path,
        path=_fill(route.path),
        access=access_of(route.dependant),
        takes_json=field is not None and not isinstance(field.field_info, Form),
        requires_body=field is not None and bool(field.field_info.is_required()),
    )


def _fill(template: str) -> str:
    _, path, converters = compile_path(template)
    values: dict[str, Any] = dict.fromkeys(converters, "1")
    return path.format(**values)
