"""How many executions one workflow run carries.

A workflow start is what costs: when little waits each execution gets a run of its own,
when much waits a run hosts many.
"""

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

ALONE_UP_TO = 4
"""So many waiting executions still get a workflow run each."""

QUEUE_IS_LONG = 8
"""With so many unstarted ones before it, an execution gains nothing by a run of its own."""


def group_executions(
    waiting: Sequence[Item], largest: int, queued_count: int = 0
) -> list[Sequence[Item]]:
    """Cut what waits into groups, in order.

    They are as many as may start at once, or as few as can be where `queued_count` says
    that they have to wait in Temporal anyway.
    """
    at_once = -(-len(waiting) // ALONE_UP_TO)
    size = largest if queued_count >= QUEUE_IS_LONG else min(largest, at_once)
    return [waiting[at : at + size] for at in range(0, len(waiting), size or 1)]
