"""One event asked of the conditions of one rule, and what each of them answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import Budget
from attune.domain.json import Json

ITEM: Final = "item"
"""The element that the inner conditions of a search are asked of."""

Scope: TypeAlias = Mapping[str, Json]
"""What a condition sees: `event` with its `payload`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a single condition said."""

    holds: bool | None
    """None where it could not be told."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """What conditions see, the work they may still do, and who listens."""

    scope: Scope
    budget: Budget
    heard: dict[str, Answer] | None = None
    """Every answer by the place of its condition, where somebody wants to know."""

    def of_item(self, item: Json) -> "Asking":
        """Return the same question about one element of a list."""
        return Asking({**self.scope, ITEM: item}, self.budget)

    def moment(self) -> datetime:
        """Return when the event came, which is the only clock that conditions have."""
        event = self.scope.get("event")
        created = event.get("created") if isinstance(event, dict) else None
        if not isinstance(created, str):
            raise InvalidInput("the event does not say when it came")
        return datetime.fromisoformat(created)


Test: TypeAlias = Callable[[Json, Asking], bool]
"""What a comparison makes of the value that it finds in its field."""
