"""The OpenAPI document: every refusal declared, every operation named for good."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from attune.api.access import Anybody, access_of
from attune.api.errors import CredentialsErrorBody, ErrorBody

REFUSALS: Final[Mapping[str, str]] = {
    "400": "The body cannot be read",
    "401": "No valid bearer token",
    "403": "The caller lacks the grant",
    "404": "Absent, or invisible to the caller",
    "409": "Not in the present state of things",
    "413": "The body is too large",
    "415": "The body is in a format that is not taken here",
    "422": "The request is not valid",
    "429": "Too often",
    "503": "Try again after the time in Retry-After",
}

_SCHEME: Final = "bearerAuth"
_ERROR: Final = {"$ref": "#/components/schemas/ErrorBody"}
_CREDENTIALS_ERROR: Final = {"$ref": "#/components/schemas/CredentialsErrorBody"}


def describe(app: FastAPI) -> None:
    """Make the application answer with our document instead of the framework's."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # the framework's documented way


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    components = document.setdefault("components", {})
    _add_components(components)
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                _complete(document["paths"][route.path_format][method.lower()], route)
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


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
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
