"""The document says what the application does."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from attune.api.access import Anybody
from attune.api.app import create_app
from tests.integration.api.conftest import make_settings
from tests.integration.api.operations import operations
from tests.integration.api.people import Api

DECLARED = {
    *("400", "401", "403", "404", "409", "413", "414", "415", "422", "429", "431"),
    "503",
}


@pytest.fixture(scope="module")
def silent_app() -> FastAPI:
    """An application that does not serve, which needs no database to say what it does."""
    return create_app(make_settings("postgresql://nobody@127.0.0.1:1/nowhere"))


@pytest.fixture(scope="module")
def document(silent_app: FastAPI) -> dict[str, Any]:
    return silent_app.openapi()


def described(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def test_it_has_a_page(api: Api) -> None:
    assert "openapi.json" in (await api.client.get("/docs")).text


async def test_everybody_may_read_it_and_nobody_waits_until_it_is_made(
    api: Api,
) -> None:
    making = asyncio.create_task(api.client.get("/api-spec/openapi.json"))
    answered = 0
    while not making.done():
        answered += (await api.client.get("/health/live")).is_success

    assert (await making).json()["openapi"]
    assert answered > 10


def test_every_operation_is_in_it(
    silent_app: FastAPI, document: dict[str, Any]
) -> None:
    assert {name for name, _ in described(document)} == {
        str(operation) for operation in operations(silent_app)
    }


def test_every_refusal_is_declared_with_its_body(document: dict[str, Any]) -> None:
    for name, operation in described(document):
        assert set(operation["responses"]) >= DECLARED, name
    assert "HTTPValidationError" not in str(document)


def test_answers_are_described_as_they_are_written(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    for name, field in (
        ("EventResponse", "trigger"),
        ("InquiryResponse", "execution"),
        ("KeyResponse", "owner_pack"),
        ("RuleResponse", "pack"),
    ):
        assert field in schemas[name]["properties"], name
        assert f"{field}_id" not in schemas[name]["properties"], name


def test_streams_say_that_they_are_streams(document: dict[str, Any]) -> None:
    found = {
        name: [*operation["responses"]["200"]["content"]]
        for name, operation in described(document)
        if name.endswith("/stream")
    }

    assert found
    assert set(map(tuple, found.values())) == {("text/event-stream",)}


def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in described(document)]

    assert len(names) == len(set(names))
    assert all(name.isidentifier() for name in names)


def test_every_operation_says_what_it_is_for(document: dict[str, Any]) -> None:
    assert [
        n for n, operation in described(document) if not operation["description"]
    ] == []


def test_the_closed_ones_say_that_they_need_a_token(
    silent_app: FastAPI, document: dict[str, Any]
) -> None:
    is_open = {str(o): isinstance(o.access, Anybody) for o in operations(silent_app)}

    for name, operation in described(document):
        assert ("security" not in operation) == is_open[name], name


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas


def references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [found for item in part for found in references(item)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return own + [found for item in part.values() for found in references(item)]
