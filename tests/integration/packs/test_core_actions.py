"""The actions of the core pack, as processes: what they print and how they end."""

import ast
import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from attune.packs.loader import CORE_DIRECTORY

ACTIONS = CORE_DIRECTORY / "actions"


@dataclass
class Server:
    """An HTTP server that remembers what it was asked."""

    port: int = 0
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    other_port: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests.append((head[0], headers, body))
        writer.write(self.answer(head[0].split()[1]))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    def answer(self, path: str) -> bytes:
        target = f"http://localhost:{self.other_port}/json"
        answers = {
            "/json": response(200, b'{"a": [1]}', "application/json"),
            "/binary": response(200, b"\xff\xfe\x00", "image/png"),
            "/missing": response(404, b"not here"),
            "/loop": response(302, location="/loop"),
            "/there": response(307, location="/json"),
            "/elsewhere": response(302, location=target),
            "/file": response(302, location="file:///etc/passwd"),
            "/large": response(200, b"x" * 4_500_000),
        }
        return answers.get(path.partition("?")[0], response(200, b"hello"))


def response(
    status: int, body: bytes = b"", kind: str = "text/plain", location: str = ""
) -> bytes:
    moved = f"Location: {location}\r\n" if location else ""
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{moved}"
        f"X-Two: a\r\nX-Two: b\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    known = Server()
    one = await asyncio.start_server(known.serve, "127.0.0.1", 0)
    two = await asyncio.start_server(known.serve, "127.0.0.1", 0)
    known.port = one.sockets[0].getsockname()[1]
    known.other_port = two.sockets[0].getsockname()[1]
    async with one, two:
        yield known


async def request(parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any], str]:
    """Run the script as a worker does: clean environment, parameters on stdin."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ACTIONS / "http_request.py"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin"},
    )
    out, err = await process.communicate(json.dumps(parameters).encode())
    assert process.returncode is not None
    return process.returncode, json.loads(out), err.decode()


async def test_an_answer_is_returned_with_everything_it_says(server: Server) -> None:
    code, answer, _ = await request({"url": server.url("/json")})

    assert code == 0
    assert answer["status_code"] == 200
    assert answer["json"] == {"a": [1]}
    assert answer["body"] == '{"a": [1]}'
    assert answer["headers"]["x-two"] == "a, b"
    assert answer["truncated"] is False


async def test_method_query_headers_and_body_arrive(server: Server) -> None:
    await request(
        {
            "url": server.url("/a b?x=1"),
            "method": "PATCH",
            "query_params": {"q": "ä & b", "n": [1, 2]},
            "headers": {"X-Text": "$(id); 'quoted' \"text\""},
            "json_body": {"key": "value"},
        }
    )

    line, headers, body = server.requests[0]
    assert line == "PATCH /a%20b?x=1&q=%C3%A4+%26+b&n=1&n=2 HTTP/1.1"
    assert headers["x-text"] == "$(id); 'quoted' \"text\""
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {"key": "value"}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"auth_type": "bearer", "auth_token": "a b"}, "Bearer a b"),
        (
            {"auth_type": "basic", "auth_username": "u", "auth_password": "p:ä"},
            "Basic " + base64.b64encode("u:p:ä".encode()).decode(),
        ),
    ],
)
async def test_credentials_are_sent_whole(
    server: Server, given: Mapping[str, str], sent: str
) -> None:
    await request({"url": server.url("/"), **given})

    assert server.requests[0][1]["authorization"] == sent


async def test_credentials_do_not_follow_to_another_server(server: Server) -> None:
    code, answer, _ = await request(
        {
            "url": server.url("/elsewhere"),
            "auth_type": "bearer",
            "auth_token": "hidden",
            "headers": {"Cookie": "hidden"},
        }
    )

    assert code == 0
    assert answer["url"].startswith("http://localhost")
    assert "hidden" in str(server.requests[0])
    assert "hidden" not in str(server.requests[1])


async def test_a_redirect_that_keeps_the_method_keeps_the_body(server: Server) -> None:
    await request({"url": server.url("/there"), "method": "POST", "body": "text"})

    assert [each[2] for each in server.requests] == [b"text", b"text"]
    assert server.requests[1][0].startswith("POST")


async def test_redirects_are_not_followed_when_unwanted(server: Server) -> None:
    code, answer, _ = await request(
        {"url": server.url("/there"), "follow_redirects": False}
    )

    assert (code, answer["status_code"]) == (0, 307)


@pytest.mark.parametrize("path", ["/loop", "/file"])
async def test_redirects_that_lead_nowhere_fail(server: Server, path: str) -> None:
    code, answer, _ = await request({"url": server.url(path), "max_redirects": 3})

    assert answer["success"] is (code == 0) is False or answer["status_code"] == 302
    assert "root:" not in str(answer)


async def test_an_error_status_fails_unless_it_is_wanted(server: Server) -> None:
    failed = await request({"url": server.url("/missing")})
    wanted = await request({"url": server.url("/missing"), "fail_on_error": False})

    assert failed[0] == 1
    assert failed[1]["body"] == "not here"
    assert failed[2] == "HTTP 404\n"
    assert wanted[0] == 0
    assert wanted[1]["success"] is False


async def test_what_is_not_text_and_what_is_long_is_marked(server: Server) -> None:
    _, binary, _ = await request({"url": server.url("/binary")})
    _, large, _ = await request({"url": server.url("/large")})

    assert base64.b64decode(binary["body_base64"]) == b"\xff\xfe\x00"
    assert large["truncated"] is True
    assert len(large["body"]) == 4_000_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "file:///etc/passwd"},
        {"url": "ftp://localhost/x"},
        {"url": "http://"},
        {"url": "http://[broken"},
        {"url": "localhost"},
        {"url": "http://127.0.0.1:1/"},
        {"url": "http://127.0.0.1/", "headers": {"X": "a\r\nY: b"}},
        {"url": "http://127.0.0.1/\r\nX: y"},
        {"url": "http://127.0.0.1/", "auth_type": "bearer"},
        {"url": "http://127.0.0.1/", "timeout": "soon"},
    ],
)
async def test_what_cannot_be_sent_fails_with_a_reason(wrong: dict[str, Any]) -> None:
    code, answer, error = await request(wrong)

    assert code == 1
    assert answer["success"] is False
    assert answer["error"] + "\n" == error
    assert "Traceback" not in error


async def test_noop_does_nothing_and_does_it_well() -> None:
    process = await asyncio.create_subprocess_exec(
        ACTIONS / "noop.sh", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )

    assert await process.communicate() == (b"", b"")
    assert process.returncode == 0


def test_the_request_script_can_be_read_by_an_old_python() -> None:
    source = (ACTIONS / "http_request.py").read_text()

    ast.parse(source, feature_version=(3, 8))
