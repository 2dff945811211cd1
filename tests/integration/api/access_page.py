"""Write docs/access-table.md: `python -m tests.integration.api.access_page`."""

from collections.abc import Iterator
from typing import Final

from tests.integration.api.access_table import Kind, enters, rows
from tests.support.documents import ROOT

PAGE: Final = ROOT / "docs" / "access-table.md"

COLUMNS: Final = (
    Kind.VIEWER,
    Kind.EXECUTOR,
    Kind.EDITOR,
    Kind.ADMIN,
    Kind.EXECUTION,
    Kind.SENSOR,
)

_INTRODUCTION: Final = """\
# What each route needs

Written by `python -m tests.integration.api.access_page`, and tested: every route is called with every kind of token.

A route needs one of these:

| word | who enters |
| --- | --- |
| `public` | everybody, with or without a token |
| `anyone` | every identity, execution and sensor; what they see and may do there depends on who they are |
| `person` | whoever logged in; the tokens of executions and sensors are not enough |
| `worker` | workers, whose tokens enter nothing else |
| `resource:action` | whoever holds such a grant for some thing |

No token, or one that is broken, expired or meant for refreshing, is answered 401; one that is not enough, 403. A grant opens the
door; the thing itself is held against the grant's constraints, and what the caller may not see is 404, as if it were not there.

The columns are the permission sets of the core pack, and the tokens of programs: `execution` for one without permission sets of
its own, with them it may do what they and its identity both allow; `sensor` for what it was made for.
"""

_BESIDES: Final = """\
## What is asked for besides

| when | takes besides |
| --- | --- |
| a rule or a workflow names an action, also when it is only validated | `actions:execute` for that action |
| a pack of somebody else is replaced (`force`) | `packs:delete` |
| a pack limits everything with a policy of its own | `permissions:manage` |
| an inquiry is answered by who was not asked | `inquiries:respond` |
| the value of an encrypted key is shown, or named by reference | `keys:decrypt` |
| integration tokens of another identity are made or ended | `identities:update` |
| grants are handed on: sets, roles, assignments, what code acts with | all of what is handed on |

`GET /ws`, the socket, is for `anyone`.
"""


def page() -> str:
    """Return the page as it should be."""
    return f"{_INTRODUCTION}\n" + "\n".join(_table()) + f"\n\n{_BESIDES}"


def _table() -> Iterator[str]:
    yield f"| route | needs | {' | '.join(COLUMNS)} |"
    yield "| --- " * (2 + len(COLUMNS)) + "|"
    for row in rows():
        marks = ["✓" if enters(kind, row.need) else "" for kind in COLUMNS]
        yield f"| `{row}` | `{row.need}` | {' | '.join(marks)} |"


if __name__ == "__main__":
    PAGE.write_text(page())
