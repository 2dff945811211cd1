"""How many executions one workflow run carries.

A workflow start is what costs: when little waits each execution gets a run of its own,
when much waits a run hosts many.
"""

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

ALONE_UP_TO = 4
"""So many waiting executions still get a workflow run each."""


def group_executions(
    waiting: Sequence[Item], largest: int
) -> list[Sequence[Item]]:
    """Cut what waits into as many groups as may start at once, in order."""
    size = min(largest, -(-len(waiting) // ALONE_UP_TO))
    return [waiting[at : at + size] for at in range(0, len(waiting), size or 1)]
