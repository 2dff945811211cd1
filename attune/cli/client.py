"""The API over HTTP: authentication, one renewal after a 401, pages and streams."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import urlsplit

import httpx

from attune.cli.connection import Connection, Credentials
from attune.cli.document import JsonObject, unwrap
from attune.cli.errors import CommandError, Refused, Unreachable
from attune.cli.event_stream import ServerSentEvent, read_events, split_lines
from attune.cli.local_stack import find_local_stack
from attune.cli.refusal import refused

PAGE_SIZE = 100
"""The server clamps larger pages."""

_ORDINARY = httpx.Timeout(30, connect=5)
_UPLOAD = httpx.Timeout(120, connect=5)
# Keep-alive comments come more often than this; silence means a dead connection.
_STREAM = httpx.Timeout(60, connect=5)

_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})

Params = Mapping[str, object]
Renewed = Callable[[Credentials], None]
Said = Callable[[str], None]


class ApiClient:
    """Speaks to one server as one caller; may be used from several threads."""

    def __init__(
        self,
        connection: Connection,
        *,
        transport: httpx.BaseTransport | None = None,
        renewed: Renewed | None = None,
        verbose: Said | None = None,
    ) -> None:
        self.connection = connection
        self._credentials = connection.credentials
        self._renewed = renewed
        self._verbose = verbose
        self._renewing = threading.Lock()
        url = urlsplit(connection.api_url)
        here = url.hostname in _THIS_MACHINE
        self._http = httpx.Client(
            base_url=connection.api_url,
            transport=transport,
            timeout=_ORDINARY,
            # No proxy leads to this machine, whatever the environment says.
            trust_env=not here,
            # Reading the certificate store takes 60 ms; without TLS it has no use.
            verify=not here or url.scheme == "https",
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def get(self, path: str, params: Params | None = None) -> Any:
        """Return the entity at the path."""
        return unwrap(self._json(self._call("GET", path, params=params)))

    def post(
        self,
        path: str,
        body: object = None,
        *,
        anonymous: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Post the body and return the entity that the server answers with."""
        content: JsonObject = {} if body is None else {"json": body}
        if headers:
            content["headers"] = headers
        return unwrap(
            self._json(self._call("POST", path, anonymous=anonymous, **content))
        )

    def deliver(self, path: str, body: bytes, headers: Mapping[str, str]) -> Any:
        """Post these bytes as nobody, and return what the server answers with."""
        return unwrap(
            self._json(
                self._call("POST", path, anonymous=True, content=body, headers=headers)
            )
        )

    def put(self, path: str, body: object) -> Any:
        """Update the entity at the path and return it."""
        return unwrap(self._json(self._call("PUT", path, json=body)))

    def delete(self, path: str) -> Any:
        """Delete the entity at the path."""
        return unwrap(self._json(self._call("DELETE", path)))

    def upload(
        self,
        path: str,
        file: IO[bytes],
        name: str,
        fields: Params,
        *,
        field: str = "pack",
        content_type: str = "application/gzip",
    ) -> Any:
        """Post a file as a field of a form, from disk piece by piece."""
        part = (name, file, content_type)
        response = self._call(
            "POST",
            path,
            rewind=file,
            files={field: part},
            data=dict(fields),
            timeout=_UPLOAD,
        )
        return unwrap(self._json(response))

    def items(self, path: str, params: Params, limit: int) -> Iterator[JsonObject]:
        """Yield up to `limit` items of a list, page by page."""
        size = min(limit, PAGE_SIZE)
        page = 1
        while limit > 0:
            wanted = {**params, "page": page, "page_size": size}
            body = self._json(self._call("GET", path, params=wanted))
            items = _items(body)
            yield from items[:limit]
            limit -= len(items)
            if not items or not _has_next(body):
                return
            page += 1

    def download(self, path: str) -> Iterator[bytes]:
        """Yield the bytes at the path as they arrive."""
        response = self._call("GET", path, stream=True, timeout=_UPLOAD)
        try:
            yield from response.iter_bytes()
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        finally:
            response.close()

    def read(self, path: str, params: Params) -> tuple[bytes, Mapping[str, str]]:
        """Return the bytes at the path, and what the headers say of them."""
        response = self._call("GET", path, params=params, timeout=_UPLOAD)
        return response.content, response.headers

    def renew(self) -> bool:
        """Get a new pair of tokens now; False when nothing at hand proves enough."""
        return self._renew(self._credentials.access_token)

    @contextmanager
    def events(
        self, path: str, params: Params | None = None
    ) -> Iterator[Iterator[ServerSentEvent]]:
        """Open a stream of server-sent events; they end when the server ends them."""
        response = self._call(
            "GET",
            path,
            params=params,
            stream=True,
            timeout=_STREAM,
            headers={"Accept": "text/event-stream"},
        )
        try:
            kind = response.headers.get("content-type", "")
            if not kind.startswith("text/event-stream"):
                raise Refused(
                    f"{path} answers with {kind or 'no content type'}, not with events",
                    status=HTTPStatus.NOT_ACCEPTABLE,
                )
            yield self._guarded(read_events(split_lines(response.iter_bytes())))
        finally:
            response.close()

    def _guarded(self, events: Iterator[ServerSentEvent]) -> Iterator[ServerSentEvent]:
        try:
            yield from events
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _call(
        self, method: str, path: str, *, anonymous: bool = False, **request: Any
    ) -> httpx.Response:
        """Send a request; after a 401 renew the proof and send it once more."""
        rewind: IO[bytes] | None = request.pop("rewind", None)
        token = None if anonymous else self._credentials.access_token
        response = self._send(method, path, token, request)
        if response.status_code == HTTPStatus.UNAUTHORIZED and not anonymous:
            response.close()
            if self._renew(token):
                if rewind is not None:
                    rewind.seek(0)
                renewed = self._credentials.access_token
                response = self._send(method, path, renewed, request)
        if response.is_success:
            return response
        raise refused(response, self.connection, anonymous=anonymous)

    def _send(
        self, method: str, path: str, token: str | None, request: JsonObject
    ) -> httpx.Response:
        content = {**request, "params": _without_none(request.get("params"))}
        stream = content.pop("stream", False)
        built = self._http.build_request(method, path, **content)
        if token:
            built.headers["Authorization"] = f"Bearer {token}"
        began = time.perf_counter()
        try:
            response = self._http.send(built, stream=stream)
            if stream and not response.is_success:
                response.read()
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        self._say(method, path, response.status_code, time.perf_counter() - began)
        return response

    def _say(self, method: str, path: str, status: int, seconds: float) -> None:
        if self._verbose is not None:
            # The query may carry values of the user; the path never does.
            self._verbose(f"{method} {path} {status} {seconds * 1000:.0f} ms")

    def _renew(self, refused_token: str | None) -> bool:
        """Get a new access token, once for all threads that were refused."""
        with self._renewing:
            if self._credentials.access_token != refused_token:
                return True
            if not (self._refresh() or self._login_from_environment()):
                return False
            if self._renewed is not None:
                self._renewed(self._credentials)
            return True

    def _refresh(self) -> bool:
        token = self._credentials.refresh_token
        return bool(token) and self._take("/auth/refresh", {"refresh_token": token})

    def _login_from_environment(self) -> bool:
        login, password = self._credentials.login, self._credentials.password
        if not (login and password):
            return False
        # The pair belongs to the environment, not to the profile.
        self._credentials.saved = False
        return self._take("/auth/login", {"login": login, "password": password})

    def _take(self, path: str, proof: JsonObject) -> bool:
        try:
            pair = self.post(path, proof, anonymous=True)
        except Refused:
            # The caller reports the 401 that led here: it says what to do.
            return False
        self._credentials.access_token = pair["access_token"]
        self._credentials.refresh_token = pair.get("refresh_token")
        return True

    def _json(self, response: httpx.Response) -> Any:
        if not response.content:
            return {}
        try:
            return response.json()
        except ValueError as error:
            raise CommandError(
                f"{self.connection.api_url} does not answer with JSON: "
                "is it the API of Attune?"
            ) from error

    def _unreachable(self, error: httpx.HTTPError) -> Unreachable:
        url = self.connection.api_url
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return Unreachable(f"cannot reach {url}: {_instead_of(url)}")
        if isinstance(error, httpx.TimeoutException):
            return Unreachable(f"{url} did not answer in time")
        text = str(error) or type(error).__name__
        return Unreachable(f"the connection to {url} broke: {text}")


def _instead_of(url: str) -> str:
    """Return what to do about a server that is not there."""
    stack = find_local_stack()
    if stack is None or not stack.is_up or stack.api_url == url:
        return "is it running? try `attune up`, or name another with --api-url"
    return f"the stack of this machine is at {stack.api_url}, name it with --api-url"


def _without_none(params: Params | None) -> dict[str, Any] | None:
    if params is None:
        return None
    return {name: value for name, value in params.items() if value is not None}


def _items(body: object) -> list[JsonObject]:
    found = body.get("items") if isinstance(body, dict) else None
    if not isinstance(found, list):
        found = unwrap(body)
    return found if isinstance(found, list) else []


def _has_next(body: object) -> bool:
    pagination = body.get("pagination") if isinstance(body, dict) else None
    return bool(pagination and pagination.get("has_next"))
