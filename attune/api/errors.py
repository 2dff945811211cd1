"""From every way a request can fail to the one body a client reads (contract, a.4)."""

import logging
import math
from collections.abc import Sequence
from http import HTTPStatus
from traceback import extract_tb
from typing import Any, cast
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from attune.domain.errors import (
    ActionFailed,
    AttuneError,
    Conflict,
    InvalidInput,
    MalformedInput,
    NotConfigured,
    NotFound,
    PermissionDenied,
    PolicyViolated,
    RangeNotSatisfiable,
    RateLimited,
    TooLarge,
    TooLate,
    Unauthenticated,
    Unavailable,
)
from attune.security.tokens import InvalidToken

STATUSES: dict[type[AttuneError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    MalformedInput: HTTPStatus.BAD_REQUEST,
    TooLate: HTTPStatus.BAD_REQUEST,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    RangeNotSatisfiable: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    PermissionDenied: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    PolicyViolated: HTTPStatus.CONFLICT,
    RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    NotConfigured: HTTPStatus.NOT_IMPLEMENTED,
    # An action's failure is data of its execution; as an answer it is our mistake.
    ActionFailed: HTTPStatus.INTERNAL_SERVER_ERROR,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The status of every error of the family; a test holds it total."""

RETRY_AFTER_SECONDS = 2

_log = logging.getLogger(__name__)

_CODES = {
    HTTPStatus.BAD_REQUEST: "BAD_REQUEST",
    HTTPStatus.NOT_FOUND: "NOT_FOUND",
    HTTPStatus.METHOD_NOT_ALLOWED: "METHOD_NOT_ALLOWED",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "PAYLOAD_TOO_LARGE",
    HTTPStatus.REQUEST_URI_TOO_LONG: "URI_TOO_LONG",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "REQUEST_HEADER_FIELDS_TOO_LARGE",
}


class ErrorBody(BaseModel):
    """What every refusal looks like."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    error: str
    """What went wrong, for a person to read."""
    code: str
    """What went wrong, for a program to compare."""
    details: Any = None
    """Where it went wrong, if there is more to say."""


SWITCHED_OFF: dict[int | str, dict[str, Any]] = {
    501: {"model": ErrorBody, "description": "Not switched on in this installation"}
}
"""For operations that an installation may be without."""


class CredentialsErrorDetail(BaseModel):
    """The number and the words of a missing or broken token."""

    code: int
    message: str


class CredentialsErrorBody(BaseModel):
    """What a request without a valid token is answered with."""

    error: CredentialsErrorDetail


def error_response(
    status: int,
    message: str,
    *,
    code: str | None = None,
    details: object = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Write the contract's error body."""
    phrase = code or _CODES.get(HTTPStatus(status)) or HTTPStatus(status).name
    body: dict[str, object] = {"error": message, "code": phrase}
    if details:
        body["details"] = details
    return JSONResponse(body, status_code=status, headers=headers)


def attune_error_response(error: AttuneError) -> JSONResponse:
    """Answer with the status and the evidence of an error of ours."""
    if isinstance(error, InvalidToken):
        return _credentials_response(error)
    return error_response(
        status_of(error),
        error.message,
        code=error.code,
        details=error.evidence,
        headers=_headers_of(error),
    )


def status_of(error: AttuneError) -> HTTPStatus:
    """Return the status that the nearest class of the family has in the table."""
    for kind in type(error).__mro__:
        if kind in STATUSES:
            return STATUSES[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def install_error_answers(app: FastAPI) -> None:
    """Replace the framework's error bodies by the contract's."""
    app.add_exception_handler(AttuneError, _answer_attune_error)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(HTTPException, _answer_http_exception)


def _headers_of(error: AttuneError) -> dict[str, str] | None:
    if isinstance(error, RateLimited):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after_seconds)))}
    if isinstance(error, Unavailable):
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    if isinstance(error, RangeNotSatisfiable):
        return {"Content-Range": f"bytes */{error.size}"}
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": "Bearer"}
    return None


def _credentials_response(error: InvalidToken) -> JSONResponse:
    status = HTTPStatus.UNAUTHORIZED
    return JSONResponse(
        {"error": {"code": status.value, "message": error.message}},
        status_code=status,
        headers={"WWW-Authenticate": "Bearer"},
    )


async def _answer_attune_error(_: Request, error: Exception) -> JSONResponse:
    return attune_error_response(cast("AttuneError", error))


async def _answer_validation_error(_: Request, error: Exception) -> JSONResponse:
    return error_response(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The request is not valid",
        code="VALIDATION_ERROR",
        details=_places(cast("RequestValidationError", error).errors()),
    )


def _places(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Name each place and what is wrong there, without the rejected input."""
    return [
        {
            "field": ".".join(str(part)[:64] for part in problem["loc"]),
            "message": problem["msg"],
        }
        for problem in errors
    ]


async def _answer_http_exception(request: Request, error: Exception) -> JSONResponse:
    return http_exception_response(cast("HTTPException", error), request)


def http_exception_response(error: HTTPException, request: Request) -> JSONResponse:
    """Answer what the framework, or a limit, refused."""
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed_methods(request))
    return error_response(error.status_code, error.detail, headers=headers)


def unexpected_error_response(error: Exception) -> JSONResponse:
    """Answer a mistake of ours with a number that finds it in the log.

    The message of an unknown exception may quote a row or a body, so only its class
    and the places it passed are logged.
    """
    request_id = uuid4().hex
    places = [
        f"{f.filename}:{f.lineno} {f.name}" for f in extract_tb(error.__traceback__)
    ]
    _log.error(
        "Request failed unexpectedly",
        extra={
            "request_id": request_id,
            "exception_class": type(error).__qualname__,
            "places": places,
        },
    )
    return error_response(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal server error",
        details={"request_id": request_id},
    )


def _allowed_methods(request: Request) -> list[str]:
    """Collect the methods of every route with this path, not only of the first."""
    methods: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] != Match.NONE:
            methods |= route.methods or set()
    return sorted(methods)
