"""What the OpenAPI document promises is kept, whatever is sent: a short examination.

The long one: `python -m tests.integration.api.examine`.
"""

from itertools import islice
from typing import Final

import pytest
from schemathesis import GenerationMode

from attune.api.app import create_app
from tests.integration.api.access_table import rows
from tests.integration.api.conftest import make_settings
from tests.integration.api.examining import (
    APIOperation,
    Case,
    Examiner,
    documented,
    edges,
)
from tests.integration.api.owned import make_owned
from tests.integration.api.people import Api

SUBJECTS: Final = {
    "code": {"packs", "actions", "workflows", "runtimes"},
    "connections": {"triggers", "rules", "sensors", "timers", "policies", "webhooks"},
    "happenings": {
        "events",
        "enforcements",
        "executions",
        "inquiries",
        "notifications",
    },
    "holdings": {"keys", "artifacts"},
    "people": {"auth", "identities", "permissions", "audit-events", "workers"},
    "inside": {"internal", "health"},
}
"""What is examined together, by the first word of the path: each a part for one process."""

VALID, INVALID = 3, 8
"""Cases for one operation: the first at the edges of what is allowed, always the same.

What is drawn at random is left to the long form: to prepare it takes longest.
"""


@pytest.fixture(scope="session")
def promised() -> list[APIOperation]:
    """The document of an application that does not serve."""
    return documented(
        create_app(make_settings("postgresql://nobody@127.0.0.1/nowhere"))
    )


def subject_of(path: str) -> str:
    word = path.removeprefix("/api/v1").split("/")[1]
    return next(name for name, words in SUBJECTS.items() if word in words)


def some_cases(operation: APIOperation) -> list[Case]:
    return [
        *islice(edges(operation, [GenerationMode.POSITIVE]), VALID),
        *islice(edges(operation, [GenerationMode.NEGATIVE]), INVALID),
    ]


def test_every_operation_is_examined(promised: list[APIOperation]) -> None:
    assert {subject_of(each.path) for each in promised} == set(SUBJECTS)


def test_every_operation_has_a_row_in_the_table_of_access(
    promised: list[APIOperation],
) -> None:
    assert sorted(map(str, rows())) == sorted(each.label for each in promised)


@pytest.mark.parametrize("subject", SUBJECTS)
async def test_answers_are_what_the_document_promises(
    api: Api, promised: list[APIOperation], subject: str
) -> None:
    examiner = await Examiner.of(api, await make_owned(api))
    found = []
    for operation in promised:
        if subject_of(operation.path) == subject:
            found += await examiner.examine(some_cases(operation))

    assert "\n\n".join(map(str, found)) == ""
