"""Requests to every route there is, about the things of one owner."""

from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import FastAPI
from requests import Request

from attune.api.access import Anybody, WorkerToken
from tests.integration.api.exchange import exchange
from tests.integration.api.operations import Operation, operations
from tests.integration.api.owned import Owned
from tests.integration.api.people import Api

ENDLESS = {"GET /api/v1/executions/stream", "GET /api/v1/notifications/stream"}
"""They never end; each tells what the list of the same things shows."""


def walked(app: FastAPI) -> list[Operation]:
    """Return every operation that identities may call, and that ends."""
    return [
        operation
        for operation in operations(app)
        if not isinstance(operation.access, Anybody | WorkerToken)
        and str(operation) not in ENDLESS
    ]


def is_list(operation: Operation) -> bool:
    """Tell whether it lists things, and names none in its path."""
    return operation.method == "GET" and "{" not in operation.template.replace(
        "{status}", ""
    )


async def send(
    api: Api,
    headers: Mapping[str, str],
    operation: Operation,
    owned: Owned,
    **query: Any,
) -> httpx.Response:
    """Send a request that is valid as such, and is about what is owned."""
    request = owned.request(operation)
    return await api.client.request(
        operation.method,
        request.path,
        params=query,
        headers=headers,
        **(
            {"files": request.files, "data": request.form}
            if request.files
            else {"json": request.body}
        ),
    )


async def opening(api: Api, headers: Mapping[str, str], path: str) -> int:
    """Return the status that a stream begins with, and go away."""
    request = Request("GET", f"http://attune{path}", headers=dict(headers)).prepare()
    return (await exchange(api.app, request)).status
