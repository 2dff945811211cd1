"""From an answer that says no to one line that says what would be right."""

from http import HTTPStatus
from typing import Any

import httpx

from attune.cli.connection import Connection
from attune.cli.errors import Refused
from attune.cli.exit_code import ExitCode

_NOT_MEANT = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


def refused(
    response: httpx.Response, connection: Connection, *, anonymous: bool = False
) -> Refused:
    """Return the error that a refusing response amounts to.

    An anonymous request was itself the attempt to log in.
    """
    status = response.status_code
    body = _body(response)
    text = _text(body) or f"{response.url.path} answered {status}"
    if status == HTTPStatus.UNAUTHORIZED and not anonymous:
        text = _not_logged_in(connection, text)
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        text = f"{connection.api_url} could not do it ({status}): {text}"
    elif body is None and status == HTTPStatus.NOT_FOUND:
        text = f"{response.url.path} is unknown at {connection.api_url}: is it Attune?"
    return Refused(text, status=status, code=_code(status), bullets=_bullets(body))


def _code(status: int) -> ExitCode:
    if status in _NOT_MEANT:
        return ExitCode.USAGE
    if status in {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}:
        return ExitCode.UNREACHABLE
    return ExitCode.FAILED


def _body(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _text(body: dict[str, Any] | None) -> str:
    error = (body or {}).get("error")
    if isinstance(error, dict):
        error = error.get("message")
    return str(error or "")


def _not_logged_in(connection: Connection, text: str) -> str:
    if connection.note:
        return f"not logged in to {connection.api_url} ({connection.note}): run `attune login --api-url {connection.api_url}`"
    if connection.credentials.access_token:
        return f"{connection.api_url} no longer accepts the login ({text}): run `attune login`"
    return f"not logged in to {connection.api_url}: run `attune login`"


def _bullets(body: dict[str, Any] | None) -> list[str]:
    details = (body or {}).get("details")
    if isinstance(details, dict):
        details = details.get("problems") or details.get("errors")
    if not isinstance(details, list):
        return []
    return [_bullet(each) for each in details]


def _bullet(problem: object) -> str:
    if isinstance(problem, dict):
        place = problem.get("field") or problem.get("loc") or problem.get("place")
        text = problem.get("message") or problem.get("msg") or problem
        return f"{place}: {text}" if place else str(text)
    return str(problem)
