"""The bad-input catalogue, against every route that takes a body and then some."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from attune.api.access import WorkerToken
from tests.integration.api.operations import Operation, operations
from tests.integration.api.people import Api

JSON = {"Content-Type": "application/json"}
CANARY = "c4n4ry"

UNREADABLE = {
    "truncated": b'{"a": ',
    "empty text": b" ",
    "raw control byte": b'{"c4n4ry": "\x01"}',
    "raw NUL": b'{"c4n4ry": "\x00"}',
    "invalid UTF-8": b'{"c4n4ry": "\xff"}',
    "UTF-16": '{"c4n4ry": 1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"c4n4ry": 1}'.encode("utf-16-le"),
    "byte order mark": b"\xef\xbb\xbf" + b'{"c4n4ry": 1}',
    "NaN": b'{"c4n4ry": NaN}',
    "Infinity": b'{"c4n4ry": Infinity}',
    "minus Infinity": b'{"c4n4ry": -Infinity}',
    "5,000 digits": b'{"c4n4ry": ' + b"9" * 5000 + b"}",
    "the same key twice": b'{"c4n4ry": 1, "c4n4ry": 2}',
    # Six levels deeper than a document of one thing, for one of many is let be as deep.
    "depth 71": b"[" * 71 + b"]" * 71,
    "depth 5,000": b'{"c4n4ry": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "depth 400,000": b"[" * 400_000 + b"]" * 400_000,
    "two documents": b'{"c4n4ry": 1} {}',
    "single quotes": b"{'c4n4ry': 1}",
}
IMPOSSIBLE = {
    "escaped NUL": b'{"a": "c4n4ry\\u0000"}',
    "lone surrogate": b'{"a": "c4n4ry\\ud800"}',
    "lone surrogate in a key": b'{"\\udfff": "c4n4ry"}',
    "1e400": b'{"a": 1e400, "b": "c4n4ry"}',
    "a list for an object": b'["c4n4ry"]',
    "text for an object": b'"c4n4ry"',
    "20,000 elements": json.dumps({"a": ["c4n4ry"] * 20_000}).encode(),
    "50,000 keys": json.dumps(dict.fromkeys(map(str, range(50_000)))).encode(),
}
WRONG_TYPES = {
    "none": {},
    "text": {"Content-Type": "text/plain"},
    "form": {"Content-Type": "application/x-www-form-urlencoded"},
    "another alphabet": {"Content-Type": "application/json; charset=utf-16"},
    "gzip": {**JSON, "Content-Encoding": "gzip"},
    "unknown encoding": {**JSON, "Content-Encoding": "x-c4n4ry"},
}


def body_taking(app: FastAPI) -> list[Operation]:
    return [o for o in operations(app) if o.takes_json]


async def headers_for(api: Api, operation: Operation) -> dict[str, str]:
    if isinstance(operation.access, WorkerToken):
        return api.worker()
    return (await api.administrator()).headers


async def send_everywhere(
    api: Api, content: bytes, extra: dict[str, str]
) -> dict[str, httpx.Response]:
    administrator = await api.administrator()
    answers = {}
    for operation in body_taking(api.app):
        is_internal = isinstance(operation.access, WorkerToken)
        headers = api.worker() if is_internal else administrator.headers
        answers[str(operation)] = await api.client.request(
            operation.method,
            operation.path,
            content=content,
            headers={**headers, **extra},
        )
    return answers


def check(answers: dict[str, httpx.Response], allowed: set[int]) -> None:
    assert answers
    wrong = {o: r.status_code for o, r in answers.items()}
    assert {o: status for o, status in wrong.items() if status not in allowed} == {}
    assert [o for o, r in answers.items() if CANARY in r.text] == []
    assert all(r.json()["error"] for r in answers.values())


@pytest.mark.parametrize("case", UNREADABLE)
async def test_a_body_that_cannot_be_read_is_refused_everywhere(
    api: Api, case: str
) -> None:
    check(await send_everywhere(api, UNREADABLE[case], JSON), {400})
    assert (await api.client.get("/health")).status_code == 200


@pytest.mark.parametrize("case", IMPOSSIBLE)
async def test_a_body_that_cannot_be_meant_is_refused_everywhere(
    api: Api, case: str
) -> None:
    check(await send_everywhere(api, IMPOSSIBLE[case], JSON), {422})


@pytest.mark.parametrize("case", WRONG_TYPES)
async def test_a_body_that_does_not_say_it_is_json_is_refused_everywhere(
    api: Api, case: str
) -> None:
    check(await send_everywhere(api, b'{"c4n4ry": 1}', WRONG_TYPES[case]), {415})


async def test_an_empty_body_is_refused_where_one_is_needed(api: Api) -> None:
    answers = await send_everywhere(api, b"", JSON)
    needed = {str(o) for o in body_taking(api.app) if o.requires_body}

    check({o: r for o, r in answers.items() if o in needed}, {422})


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", "application/x+json"],
)
async def test_json_may_say_that_it_is_json_in_several_ways(
    api: Api, kind: str
) -> None:
    ann = await api.person()
    response = await api.client.put(
        "/auth/me",
        content=b'{"display_name": "Ann"}',
        headers={**ann.headers, "Content-Type": kind},
    )

    assert response.status_code == 200


async def pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 10_000):
        yield b"x" * 10_000


async def put_me(api: Api, **request: Any) -> httpx.Response:
    ann = await api.person()
    headers = {**ann.headers, **JSON, **request.pop("headers", {})}
    return await api.client.put("/auth/me", headers=headers, **request)


async def test_a_large_body_is_refused_by_its_announced_length(api: Api) -> None:
    refused = await put_me(api, content=b"x" * 1_000_001)

    assert refused.status_code == 413
    assert refused.json()["code"] == "PAYLOAD_TOO_LARGE"


async def test_a_large_body_is_refused_by_its_counted_bytes(api: Api) -> None:
    refused = await put_me(api, content=pieces(1_100_000))

    assert refused.status_code == 413


async def test_a_body_that_understates_its_length_is_still_counted(api: Api) -> None:
    refused = await put_me(
        api, content=pieces(1_100_000), headers={"Content-Length": "10"}
    )

    assert refused.status_code == 413


async def test_nobody_uploads_before_being_let_in(api: Api) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b"x" * 1000

    refused = await api.client.put("/auth/me", content=body(), headers=JSON)

    assert refused.status_code == 401
    assert read == 0


@pytest.mark.parametrize(
    ("url", "headers", "status"),
    [
        ("/health?q=" + "x" * 10_000, {}, 414),
        ("/" + "x" * 10_000, {}, 414),
        ("/health", {"X-Long": "x" * 40_000}, 431),
        ("/health", {f"X-{n}": "1" for n in range(200)}, 431),
        ("/health%00", {}, 404),
        ("/api/v1/workers?q=%00", {}, 422),
        ("/%ff%fe", {}, 404),
        ("/../../etc/passwd", {}, 404),
        ("/health/", {}, 404),
        ("//health", {}, 404),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_a_head_that_no_client_sends_is_refused(
    api: Api, url: str, headers: dict[str, str], status: int
) -> None:
    refused = await api.client.get(url, headers=headers)

    assert refused.status_code == status
    assert refused.json()["error"]


@pytest.mark.parametrize(
    "worker_id", ["-1", "1_0", "0x1", "1.0", "abc", "%20", str(2**63), "9" * 400]
)
async def test_an_id_that_cannot_be_one_is_not_found(api: Api, worker_id: str) -> None:
    ann = await api.administrator()

    refused = await api.client.get(f"/api/v1/workers/{worker_id}", headers=ann.headers)

    assert refused.status_code == 404
    assert refused.json()["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("page=0", 200),
        ("page_size=1000", 200),
        ("per_page=1000000000", 200),
        ("limit=500&offset=3", 200),
        ("offset=9223372036854775807", 200),
        ("page=9223372036854775807&page_size=100", 200),
        ("unknown=1&c4n4ry=2", 200),
        ("limit=", 200),
        ("limit=-1", 422),
        ("page=-1", 422),
        ("offset=-1", 422),
        ("limit=99999999999999999999", 422),
        ("limit=1e3", 422),
        ("limit=c4n4ry", 422),
        ("role=c4n4ry", 422),
    ],
)
async def test_a_page_is_clamped_or_refused_and_never_an_accident(
    api: Api, query: str, status: int
) -> None:
    ann = await api.administrator()

    response = await api.client.get(f"/api/v1/workers?{query}", headers=ann.headers)

    assert response.status_code == status
    assert CANARY not in response.text
    if status == 200:
        assert response.json()["pagination"]["page_size"] <= 100
