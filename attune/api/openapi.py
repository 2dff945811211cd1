"""The OpenAPI document: every refusal declared, every operation named for good."""

import json
import re
from asyncio import to_thread
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.routing import Route

from attune.api.access import Anybody, access_of
from attune.api.errors import CredentialsErrorBody, ErrorBody

DOCUMENT_PATH: Final = "/api-spec/openapi.json"
PAGE_PATH: Final = "/docs"
REFUSALS: Final[Mapping[str, str]] = {
    "400": "The body cannot be read",
    "401": "No valid bearer token",
    "403": "The caller lacks the grant",
    "404": "Absent, or invisible to the caller",
    "409": "Not in the present state of things",
    "413": "The body is too large",
    "414": "The URL is too long",
    "415": "The body is in a format that is not taken here",
    "422": "The request is not valid",
    "429": "Too often",
    "431": "The headers are too many or too large",
    "503": "Try again after the time in Retry-After",
}

_REFERENCE: Final = re.compile('"#/components/schemas/([^"]+)"')
_SCHEME: Final = "bearerAuth"
_ERROR: Final = {"$ref": "#/components/schemas/ErrorBody"}
_CREDENTIALS_ERROR: Final = {"$ref": "#/components/schemas/CredentialsErrorBody"}


def describe(app: FastAPI) -> None:
    """Serve our document and its page.

    The document is made when somebody first asks for it. That takes seconds, and is done
    in a thread, so that everybody else is answered meanwhile.
    """
    making = Lock()

    def document() -> dict[str, Any]:
        with making:
            if app.openapi_schema is None:
                app.openapi_schema = _document(app)
            return app.openapi_schema

    async def get_document(_: Request) -> Response:
        return JSONResponse(await to_thread(document))

    async def get_page(_: Request) -> Response:
        return get_swagger_ui_html(openapi_url=DOCUMENT_PATH, title=app.title)

    app.openapi = document  # type: ignore[method-assign]  # the framework's documented way
    app.router.routes += [
        Route(DOCUMENT_PATH, get_document, include_in_schema=False),
        Route(PAGE_PATH, get_page, include_in_schema=False),
    ]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
    )
    components = document.setdefault("components", {})
    _add_components(components)
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                _complete(document["paths"][route.path_format][method.lower()], route)
    _drop_unused(document)
    return document


def _add_components(components: dict[str, Any]) -> None:
    schemas = components.setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    for model in (ErrorBody, CredentialsErrorBody):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    components["securitySchemes"] = {
        _SCHEME: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }


def _drop_unused(document: dict[str, Any]) -> None:
    """Leave out what stands behind a type that describes itself otherwise."""
    schemas = document["components"]["schemas"]
    used = set(_REFERENCE.findall(json.dumps(document)))
    for name in schemas.keys() - used:
        del schemas[name]


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query" and parameter["schema"].get("type") == "integer":
            # `?page=` is as good as no page: see attune.api.parameters.
            parameter["allowEmptyValue"] = True
    responses = operation["responses"]
    for status, description in REFUSALS.items():
        responses[status] = {
            "description": description,
            "content": {"application/json": {"schema": _schema_of(status)}},
        }
    if not isinstance(access_of(route.dependant), Anybody):
        operation["security"] = [{_SCHEME: []}]


def _schema_of(status: str) -> dict[str, Any]:
    return {"anyOf": [_ERROR, _CREDENTIALS_ERROR]} if status == "401" else dict(_ERROR)
