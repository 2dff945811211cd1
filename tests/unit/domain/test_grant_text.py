"""Grants as people write them."""

from typing import Any

import pytest

from attune.domain.grant_text import MOST_GRANTS, grant_problems


@pytest.mark.parametrize(
    "grant",
    [
        {"resource": "keys", "actions": ["read"]},
        {"resource": "keys", "actions": ["read"], "constraints": {"owner": "self"}},
        {"type": "system"},
        {"type": "pack", "scope": "ci", "components": ["ci.deploy"]},
        {"type": "user", "scope": "", "components": []},
    ],
)
def test_both_spellings_are_taken(grant: dict[str, Any]) -> None:
    assert grant_problems([grant]) == []


@pytest.mark.parametrize(
    ("grant", "where"),
    [
        ({"resource": "key", "actions": ["read"]}, "grants[0].resource: "),
        ({"resource": "keys", "actions": ["fly"]}, "grants[0].actions.0: "),
        ({"resource": "keys"}, "grants[0].actions: "),
        (
            {"resource": "keys", "actions": [], "constraints": {"ids": [0]}},
            "grants[0].constraints.ids.0: ",
        ),
        ({"type": "planet"}, "grants[0].type: must be one of system, pack, user"),
        ({"type": "pack"}, "grants[0].scope: must be the ref of a pack"),
        ({"type": "system", "extra": 1}, "grants[0].extra: "),
        ("all", "grants[0]: must be an object"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(grant: object, where: str) -> None:
    (problem,) = grant_problems([grant])

    assert problem.startswith(where)


def test_there_are_not_too_many() -> None:
    grant = {"resource": "keys", "actions": ["read"]}

    assert grant_problems([grant] * MOST_GRANTS) == []
    assert len(grant_problems([grant] * (MOST_GRANTS + 1))) == 1
