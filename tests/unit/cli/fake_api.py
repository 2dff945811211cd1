"""A server that answers what a test tells it to, in the contract's shapes."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import httpx

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class FakeApi:
    """Answers by method and path; the last answer of a path is given for ever."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._answers: dict[tuple[str, str], list[Answer]] = defaultdict(list)
        self._lock = threading.Lock()

    @property
    def transport(self) -> httpx.MockTransport:
        """Return what replaces the network."""
        return httpx.MockTransport(self._handle)

    def on(self, method: str, path: str, *answers: Answer | dict[str, Any]) -> None:
        """Give the answers of this path, one after the other."""
        self._answers[method, path] += [
            httpx.Response(200, json=each) if isinstance(each, dict) else each
            for each in answers
        ]

    def calls(self, method: str, path: str) -> list[httpx.Request]:
        """Return the requests made to this path."""
        return [
            request
            for request in self.requests
            if (request.method, request.url.path) == (method, path)
        ]

    def body(self, method: str, path: str) -> Any:
        """Return the document of the last request to this path."""
        return json.loads(self.calls(method, path)[-1].content)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        with self._lock:
            self.requests.append(request)
            answers = self._answers[request.method, request.url.path]
            if not answers:
                return error(404, f"no answer for {request.method} {request.url.path}")
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else _copy(answer)


def data(**entity: Any) -> dict[str, Any]:
    """Return the envelope of a single entity."""
    return {"data": entity}


def page(*items: dict[str, Any], has_next: bool = False) -> dict[str, Any]:
    """Return the envelope of a list."""
    pagination = {"page": 1, "page_size": 50, "has_next": has_next}
    return {"items": list(items), "pagination": {**pagination, "has_previous": False}}


def error(status: int, message: str, **more: Any) -> httpx.Response:
    """Return a refusal."""
    return httpx.Response(status, json={"error": message, "code": "X", **more})


def event(name: str, text: str = "", at: int | None = None) -> bytes:
    """Return one server-sent event."""
    lines = [f"event: {name}"]
    lines += [] if at is None else [f"id: {at}"]
    lines += [f"data: {line}" for line in text.split("\n")]
    return ("\n".join(lines) + "\n\n").encode()


def stream(*chunks: bytes | Exception | threading.Event) -> Answer:
    """Return an answer that sends the chunks, breaks at an error, waits for an event."""

    def body() -> Iterator[bytes]:
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            if isinstance(chunk, threading.Event):
                chunk.wait(10)
            else:
                yield chunk

    def answer(_: httpx.Request) -> httpx.Response:
        headers = {"content-type": "text/event-stream; charset=utf-8"}
        return httpx.Response(200, headers=headers, content=body())

    return answer


def _copy(response: httpx.Response) -> httpx.Response:
    # A response belongs to one request; the same answer may be given many times.
    return httpx.Response(
        response.status_code,
        content=response.content,
        headers={"content-type": response.headers.get("content-type", "")},
    )
