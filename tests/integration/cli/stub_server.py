"""A server on a real socket that knows one action and runs it as a test says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SCHEMA = {
    "name": {"type": "string", "required": True, "description": "whom to greet"},
    "token": {"type": "string", "required": True, "secret": True},
}
LONG_ACTION = {
    "ref": "demo.a_rather_long_name",
    "label": "A label of some length",
    "enabled": True,
    "runtime_ref": "core.python",
    "description": "A description that goes on and on. " * 5,
}


class StubServer(ThreadingHTTPServer):
    """One execution, number 7, that stays in its status until it is told otherwise."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.schema: dict[str, Any] = {}
        self.status = "running"
        self.output = "first line\n"
        self.requested: dict[str, Any] = {}
        self.refusals: list[dict[str, Any]] = []
        """What is answered to the next posts, with status 422."""
        self.cancelled = threading.Event()
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        """Return the address of the server."""
        return f"http://127.0.0.1:{self.server_port}"

    def end(self, status: str) -> None:
        """Let the execution end."""
        self.status = status
        self.ended.set()

    def execution(self) -> dict[str, Any]:
        """Return the execution as it is now."""
        return {"id": 7, "action_ref": "demo.say", "status": self.status, "result": {}}

    def inquiry(self) -> dict[str, Any]:
        """Return what the execution asks."""
        return {
            "id": 5,
            "execution": 7,
            "prompt": "Ship\x1b[2J it?",
            "status": "pending",
            "response_schema": self.schema,
        }


class _Conversation(BaseHTTPRequestHandler):
    server: StubServer

    def do_GET(self) -> None:
        if self.path.startswith("/api/v1/executions/stream"):
            self._events((b": open\n\n", b"data: {}\n\n"))
        elif "/logs/" in self.path:
            stdout = "stdout" in self.path
            text = self.server.output.replace("\n", "\ndata: ") if stdout else ""
            first = f"event: content\nid: 1\ndata: {text}\n\n".encode()
            self._events((first, b"event: done\ndata: \n\n"))
        elif self.path.startswith("/api/v1/actions?"):
            self._answer({"items": [LONG_ACTION] * 2})
        elif "/actions/" in self.path:
            self._answer({"ref": "demo.say", "param_schema": self.server.schema})
        elif "/inquiries/" in self.path:
            self._answer(self.server.inquiry())
        else:
            self._answer(self.server.execution())

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length) or "{}")
        if self.path.endswith("/cancel"):
            self.server.cancelled.set()
            self.server.end("cancelled")
        else:
            self.server.requested = body
        if self.server.refusals:
            self._answer(self.server.refusals.pop(0), status=422)
        else:
            self._answer(self.server.execution())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _answer(self, document: dict[str, Any], status: int = 200) -> None:
        is_whole = "items" in document or "error" in document
        body = document if is_whole else {"data": document}
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _events(self, pieces: tuple[bytes, bytes]) -> None:
        """Send the first piece at once and the second when the execution has ended."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.close_connection = True
        # A reader may have left in the meantime.
        with suppress(ConnectionError):
            self.wfile.write(pieces[0])
            self.server.ended.wait(30)
            self.wfile.write(pieces[1])


@contextmanager
def stub_server() -> Iterator[StubServer]:
    """Serve until the end of the block."""
    server = StubServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
