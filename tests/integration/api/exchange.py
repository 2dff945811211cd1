"""One request to the application as it comes from the line, and the answer's beginning."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from requests import PreparedRequest
from starlette.types import ASGIApp, Message, Scope


@dataclass
class Answer:
    """What came back; of a stream without end, its first piece."""

    status: int = 0
    headers: dict[str, list[str]] = field(default_factory=dict)
    content: bytes = b""
    cut_short: bool = False


async def exchange(app: ASGIApp, request: PreparedRequest) -> Answer:
    """Send the request, and hear the answer; go away from what streams events."""
    answer, enough = Answer(), asyncio.Event()
    bodies = iter([_content(request)])

    async def receive() -> Message:
        body = next(bodies, None)
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            _keep(message["headers"], answer.headers)
            if "text/event-stream" in answer.headers.get("content-type", [""])[0]:
                answer.cut_short = True
                enough.set()
        else:
            answer.content += message.get("body", b"")
            if not message.get("more_body"):
                enough.set()

    await app(_scope(request), receive, send)
    return answer


def _keep(raw: Any, headers: dict[str, list[str]]) -> None:
    for name, value in raw:
        headers.setdefault(name.decode().lower(), []).append(value.decode("latin-1"))


def _content(request: PreparedRequest) -> bytes:
    body = request.body or b""
    return body if isinstance(body, bytes) else str(body).encode()


def _scope(request: PreparedRequest) -> Scope:
    url = urlsplit(str(request.url))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "method": request.method,
        "path": unquote(url.path),
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": [
            (_bytes(name).lower(), _bytes(value))
            for name, value in request.headers.items()
        ],
        "server": ("attune", 80),
        "client": ("127.0.0.1", 1),
    }


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1", "replace")
