"""What the OpenAPI document promises is kept, whatever is sent: a short examination.

The long one: `python -m tests.integration.api.examine`.
"""

from typing import Final

import pytest
from fastapi import FastAPI

from tests.integration.api.examining import Examiner, documented, drawn, edges
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

DRAWN: Final = 6
EDGES: Final = 20
"""Cases for one operation. Which ones of the many edges differs between operations."""


def subject_of(path: str) -> str:
    word = path.removeprefix("/api/v1").split("/")[1]
    return next(name for name, words in SUBJECTS.items() if word in words)


def test_every_operation_is_examined(app: FastAPI) -> None:
    assert {subject_of(each.path) for each in documented(app)} == set(SUBJECTS)


@pytest.mark.parametrize("subject", SUBJECTS)
async def test_answers_are_what_the_document_promises(api: Api, subject: str) -> None:
    examiner = await Examiner.of(api, await make_owned(api))
    found = []
    for place, operation in enumerate(documented(api.app)):
        if subject_of(operation.path) == subject:
            cases = list(edges(operation))
            step = max(1, len(cases) // EDGES)
            some = cases[place % step :: step]
            found += await examiner.examine([*some, *drawn(operation, DRAWN)])

    assert "\n\n".join(map(str, found)) == ""
