"""Which entities one follower may see, kept for seconds."""

import time
from collections import OrderedDict
from typing import Final

from attune.domain.notification import Notice
from attune.domain.permission import Caller

SEEN_SECONDS: Final = 5.0
"""How long an entity stays visible or not without asking again."""
KEPT: Final = 1_000

# Their visibility depends on the entity alone, and they change several times a second.
_LASTING: Final = frozenset({"execution", "workflow_execution", "enforcement"})


class Seen:
    """Answers that still hold; other grants make all of them void."""

    def __init__(self) -> None:
        self._caller: Caller | None = None
        self._answers: OrderedDict[tuple[str, str], tuple[float, bool]] = OrderedDict()

    def recall(self, caller: Caller, notice: Notice) -> bool | None:
        """Return what is known, or None."""
        if caller != self._caller:
            self._caller = caller
            self._answers.clear()
        key = (notice.entity_type, notice.entity)
        until, is_seen = self._answers.get(key, (0.0, None))
        return is_seen if until > time.monotonic() else None

    def remember(self, notice: Notice, *, is_seen: bool) -> None:
        """Keep an answer."""
        if notice.entity_type not in _LASTING:
            return
        key = (notice.entity_type, notice.entity)
        self._answers[key] = (time.monotonic() + SEEN_SECONDS, is_seen)
        self._answers.move_to_end(key)
        if len(self._answers) > KEPT:
            self._answers.popitem(last=False)
