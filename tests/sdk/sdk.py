"""The published client as our tests call it: in its own process, one call a time."""

import asyncio
import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

PROGRAM = Path(__file__).with_name("published_client.py")
LONGEST_LINE = 64 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """What came back, and what the client made of it."""

    status: int
    content: str
    kind: str
    parsed: dict[str, Any] | None
    problems: list[str]

    @property
    def json(self) -> Any:
        """The body as it came."""
        return json.loads(self.content)


class Sdk:
    """Calls operations by the names that the client has for them."""

    def __init__(self, python: Path, url: str) -> None:
        self.url = url
        self.token = ""
        self._python = python
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(self._python, "-I", PROGRAM),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process
        self._process.terminate()
        await self._process.wait()

    async def log_in(self, login: str, password: str) -> dict[str, Any]:
        """Call as this person from now on."""
        body = {"login": login, "password": password}
        tokens = await self.data("auth.login", body=body)
        self.token = tokens["access_token"]
        return tokens

    async def call(self, operation: str, **arguments: Any) -> Answer:
        """Call an operation; `url` and `token` stand in for those of everybody."""
        order = {
            "operation": operation,
            "url": arguments.pop("url", self.url),
            "token": arguments.pop("token", self.token),
            "arguments": arguments,
        }
        assert self._process
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        outcome = json.loads(await self._process.stdout.readline())
        assert "crash" not in outcome, f"{operation}: {outcome['crash']}"
        return Answer(**outcome)

    async def parsed(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call, and return what the client parsed, all of it of the declared types."""
        return self._checked(operation, await self.call(operation, **arguments))

    async def flat(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call what answers both flat and enveloped, and return it as it was parsed."""
        answer = await self.call(operation, **arguments)
        assert answer.json == {**answer.json["data"], "data": answer.json["data"]}
        return self._checked(operation, answer)

    async def data(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call what answers with one thing, and return that."""
        data: dict[str, Any] = (await self.parsed(operation, **arguments))["data"]
        return data

    async def items(self, operation: str, **arguments: Any) -> list[dict[str, Any]]:
        """Call what answers with a page, and return the things on it."""
        items: list[dict[str, Any]] = (await self.parsed(operation, **arguments))[
            "items"
        ]
        return items

    async def refs(self, operation: str, **arguments: Any) -> list[str]:
        """Call what answers with a page, and return the refs on it."""
        return [each["ref"] for each in await self.items(operation, **arguments)]

    async def text(self, operation: str, **arguments: Any) -> str:
        """Call what the client does not parse, and return the body."""
        answer = await self.call(operation, **arguments)
        assert answer.status < 300, f"{operation}: {answer.status} {answer.content}"
        return answer.content

    async def refused(self, operation: str, status: int, **arguments: Any) -> Any:
        """Call what must be refused with this status, and return the error body."""
        answer = await self.call(operation, **arguments)
        assert answer.status == status, f"{operation}: {answer.status} {answer.content}"
        error = answer.json["error"]
        assert isinstance(error, str) or error["code"] == status  # the door's own shape
        return answer.json

    @staticmethod
    def _checked(operation: str, answer: Answer) -> dict[str, Any]:
        assert answer.status < 300, f"{operation}: {answer.status} {answer.content}"
        assert answer.parsed is not None, f"{operation} is not parsed: {answer.content}"
        assert answer.problems == [], operation
        return answer.parsed


def upload_of(archive: bytes) -> str:
    """Return an archive as the other process takes it."""
    return base64.b64encode(archive).decode()


def differences(shown: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are not shown as they were sent, with both values."""
    return {
        name: (value, shown.get(name, "is missing"))
        for name, value in sent.items()
        if name not in shown or shown[name] != value
    }
