"""Every error of the family has a status and the contract's body."""

import json
from collections.abc import Iterator

import pytest

from attune.api.errors import STATUSES, attune_error_response, status_of
from attune.domain.errors import (
    AttuneError,
    InvalidInput,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from attune.security.tokens import InvalidToken


def family(kind: type[AttuneError] = AttuneError) -> Iterator[type[AttuneError]]:
    for child in kind.__subclasses__():
        yield child
        yield from family(child)


def test_the_table_names_every_error_of_the_domain() -> None:
    named = {kind for kind in family() if kind.__module__ == "attune.domain.errors"}

    assert set(STATUSES) == named


def test_every_error_anywhere_in_the_family_has_a_status() -> None:
    for kind in family():
        assert any(parent in STATUSES for parent in kind.__mro__), kind


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (
            NotFound(entity="action", ref="a.b"),
            404,
            {
                "error": "action 'a.b' not found",
                "code": "NOT_FOUND",
                "details": {"entity": "action", "ref": "a.b"},
            },
        ),
        (
            InvalidInput("no", problems=["a: b"]),
            422,
            {
                "error": "no",
                "code": "UNPROCESSABLE_ENTITY",
                "details": {"problems": ["a: b"]},
            },
        ),
        (Unauthenticated("no"), 401, {"error": "no", "code": "UNAUTHORIZED"}),
        (InvalidToken("no"), 401, {"error": {"code": 401, "message": "no"}}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_body_is_the_contracts(
    error: AttuneError, status: int, body: object
) -> None:
    response = attune_error_response(error)

    assert response.status_code == status
    assert json.loads(bytes(response.body)) == body


def test_a_refusal_says_so_in_words_that_clients_look_for() -> None:
    body = bytes(attune_error_response(PermissionDenied(needs="rules:read")).body)

    assert b"403 forbidden" in body


@pytest.mark.parametrize(
    "error", [Unavailable("later"), RateLimited("later", retry_after_seconds=7)]
)
def test_who_should_come_back_is_told_when(error: AttuneError) -> None:
    assert int(attune_error_response(error).headers["retry-after"]) > 0


def test_the_status_of_a_descendant_is_its_parents() -> None:
    assert status_of(InvalidToken("no")) == 401
