"""What a request may look like before anybody looks into it (guarantees, 4.2)."""

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from attune.domain.errors import InvalidInput

BODY_SIZE: Final = "attune.body_size"
"""Where the scope of a request says which limit its body has."""


class BodySize(StrEnum):
    """What a body may be as large as."""

    ORDINARY = "ordinary"
    UPLOAD = "upload"  # a pack, or the result of an action
    ARTIFACT = "artifact"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The published limits; a request beyond one of them is refused unread."""

    body_bytes: int = 1_000_000
    upload_bytes: int = 100_000_000
    artifact_bytes: int = 5_000_000_000
    url_bytes: int = 8_192
    header_bytes: int = 32_768
    header_count: int = 100
    concurrent_requests: int = 400

    def of(self, size: BodySize) -> int:
        """Return how many bytes a body of this kind may have."""
        match size:
            case BodySize.ORDINARY:
                return self.body_bytes
            case BodySize.UPLOAD:
                return self.upload_bytes
            case BodySize.ARTIFACT:
                return self.artifact_bytes


def check_head(scope: MutableMapping[str, Any], limits: Limits) -> None:
    """Refuse a URL or headers that no client of ours sends."""
    query = scope["query_string"]
    if len(scope.get("raw_path") or b"") + len(query) > limits.url_bytes:
        raise HTTPException(HTTPStatus.REQUEST_URI_TOO_LONG)
    if "\x00" in scope["path"]:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    if b"%00" in query or b"\x00" in query:
        raise InvalidInput("The query contains a NUL character")
    _check_headers(scope["headers"], limits)


def _check_headers(headers: Iterable[tuple[bytes, bytes]], limits: Limits) -> None:
    size = count = 0
    for name, value in headers:
        count += 1
        size += len(name) + len(value)
        if name == b"content-encoding" and value.strip().lower() != b"identity":
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    if size > limits.header_bytes or count > limits.header_count:
        raise HTTPException(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


def declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """Return the Content-Length, or 0 where there is none that can be read."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            return int(value[:19])
    return 0


class CountedBody:
    """Receives one body and stops at its limit, whatever its headers promised.

    The refusal is the framework's exception: its form parser hides any other.
    """

    def __init__(
        self, receive: Receive, scope: MutableMapping[str, Any], limits: Limits
    ) -> None:
        self._receive = receive
        self._scope = scope
        self._limits = limits
        self._seen_bytes = 0

    async def __call__(self) -> Message:
        """Return the next piece of the body, or refuse it."""
        if not self._seen_bytes:
            self._refuse_beyond(declared_length(self._scope["headers"]))
        message = await self._receive()
        if message["type"] == "http.request":
            self._seen_bytes += len(message.get("body", b""))
            self._refuse_beyond(self._seen_bytes)
        return message

    def _refuse_beyond(self, size: int) -> None:
        limit = self._limits.of(self._scope.get(BODY_SIZE, BodySize.ORDINARY))
        if size > limit:
            raise HTTPException(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The request body is larger than {limit} bytes",
            )
