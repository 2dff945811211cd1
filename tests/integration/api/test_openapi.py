"""The document says what the application does."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from attune.api.access import Anybody
from attune.api.app import create_app
from tests.integration.api.conftest import make_settings
from tests.integration.api.operations import operations

DECLARED = {"400", "401", "403", "404", "409", "413", "415", "422", "429", "503"}


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """The application, which needs no database to say what it does."""
    return create_app(make_settings("postgresql://nobody@127.0.0.1:1/nowhere"))


@pytest.fixture(scope="module")
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def described(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def test_everybody_may_read_it(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
        assert (await client.get("/api-spec/openapi.json")).json()["openapi"]
        assert "openapi.json" in (await client.get("/docs")).text


def test_every_operation_is_in_it(app: FastAPI, document: dict[str, Any]) -> None:
    assert {name for name, _ in described(document)} == {
        str(operation) for operation in operations(app)
    }


def test_every_refusal_is_declared_with_its_body(document: dict[str, Any]) -> None:
    for name, operation in described(document):
        assert set(operation["responses"]) >= DECLARED, name
    assert "HTTPValidationError" not in str(document)


def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in described(document)]

    assert len(names) == len(set(names))
    assert all(name.isidentifier() for name in names)


def test_every_operation_says_what_it_is_for(document: dict[str, Any]) -> None:
    assert [
        n for n, operation in described(document) if not operation["description"]
    ] == []


def test_the_closed_ones_say_that_they_need_a_token(
    app: FastAPI, document: dict[str, Any]
) -> None:
    is_open = {str(o): isinstance(o.access, Anybody) for o in operations(app)}

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
