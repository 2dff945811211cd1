"""The outermost layer: refuses what is too much, and lets no exception out."""

from collections.abc import Callable
from typing import Final

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from attune.api.errors import (
    attune_error_response,
    http_exception_response,
    unexpected_error_response,
)
from attune.api.limits import CountedBody, Limits, check_head
from attune.domain.errors import AttuneError, Unavailable

NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")
NO_STORING: Final = (b"cache-control", b"no-store")
"""Answers hold tokens and secrets; a route that wants a cache says so itself."""


class Edge:
    """ASGI middleware around everything else; cheap, because every request pays it."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._waiting_count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it here."""
        if scope["type"] != "http":
            await self._pass_socket(scope, receive, send)
            return
        answer = _Answer(send, self._stop_waiting)
        self._waiting_count += 1
        try:
            self._check(scope)
            body = CountedBody(receive, scope, self._limits)
            await self._app(scope, body, answer)
        except Exception as error:
            if answer.is_started:
                raise
            await _response_to(error, scope)(scope, receive, answer)
        finally:
            if not answer.is_started:
                self._stop_waiting()

    async def _pass_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold a socket's request against the limits; what it says is its own matter."""
        if scope["type"] == "websocket":
            try:
                check_head(scope, self._limits)
            except (AttuneError, HTTPException) as error:
                scope["query_string"] = b""  # the server would write it to its log
                await _response_to(error, scope)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        if self._waiting_count > self._limits.concurrent_requests:
            raise Unavailable("Too many requests are being answered just now")
        check_head(scope, self._limits)

    def _stop_waiting(self) -> None:
        """Count a request no more once its answer begins: a stream may go on for days."""
        self._waiting_count -= 1


class _Answer:
    """Sends, and remembers whether an answer has begun."""

    def __init__(self, send: Send, started: Callable[[], None]) -> None:
        self._send = send
        self._started = started
        self.is_started = False

    async def __call__(self, message: Message) -> None:
        if not self.is_started:
            self.is_started = True
            self._started()
            _protect(message)
        await self._send(message)


def _protect(message: Message) -> None:
    headers = list(message.get("headers", ()))
    if not any(name == b"cache-control" for name, _ in headers):
        headers.append(NO_STORING)
    message["headers"] = [*headers, NO_SNIFFING]


def _response_to(error: Exception, scope: Scope) -> JSONResponse:
    if isinstance(error, AttuneError):
        return attune_error_response(error)
    if isinstance(error, HTTPException):
        # What a socket's request looks like to those who only read its address.
        plain = scope if scope["type"] == "http" else {**scope, "type": "http"}
        return http_exception_response(error, Request(plain))
    return unexpected_error_response(error)
