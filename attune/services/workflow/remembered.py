"""What the steps of workflows need not ask the database for again."""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from attune.db.database import Transaction
from attune.db.repositories.workflow_rows import LockedWorkflow
from attune.domain.executable import ExecutableAction

T = TypeVar("T")

MOST: Final = 256
"""So many workflows, and so many actions, are kept in memory."""
FRESH_SECONDS: Final = 1.0
"""How long an action that was changed may still be executed as it was."""


class Kept(Generic[T]):
    """The values that were used last, by key."""

    def __init__(self) -> None:
        self._values: OrderedDict[object, T] = OrderedDict()

    def find(self, key: object) -> T | None:
        """Return what is kept, or None."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def keep(self, key: object, value: T) -> None:
        """Keep a value, and let go of the one that was not used for longest."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > MOST:
            self._values.popitem(last=False)

    def forget(self, key: object) -> None:
        """Let go of a value."""
        self._values.pop(key, None)


@dataclass(frozen=True)
class KnownTasks:
    """The rows of a workflow's tasks, as they were saved with this version."""

    version: int
    rows: dict[str, dict[str, Any]]
    is_complete: bool
    """A task without a row here has none in the database either."""


@dataclass
class KnownActions:
    """Actions as workflows execute them, kept for a moment."""

    clock: Callable[[], float] = time.monotonic
    _kept: Kept[tuple[float, ExecutableAction]] = field(default_factory=Kept)

    async def find(
        self, tx: Transaction, refs: Collection[str], workflow: LockedWorkflow
    ) -> dict[str, ExecutableAction]:
        """Return those that the workflow may execute, by ref."""
        who = (workflow.executor, workflow.pack_ref)
        found = {
            ref: kept[1]
            for ref in refs
            if (kept := self._kept.find((who, ref))) and kept[0] > self.clock()
        }
        missing = [ref for ref in refs if ref not in found]
        if missing:
            until = self.clock() + FRESH_SECONDS
            asked = await tx.workflow_runs.executable(missing, workflow)
            for ref, action in asked.items():
                self._kept.keep((who, ref), (until, action))
            found |= asked
        return found
