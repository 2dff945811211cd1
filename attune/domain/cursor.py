"""Where a follower of notifications stands: what it has been given, exactly.

Ids are given out before their transactions commit, so "all up to this id" may leave out
one that commits later. A snapshot of PostgreSQL says which transactions had committed;
what a snapshot does not show is still to come. Within one look, rows go by their ids.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from attune.domain.errors import InvalidInput

LONGEST: Final = 6_000
"""Characters of a cursor; each open transaction at its moment takes some of them."""

_NUMBER: Final = r"(?:0|[1-9][0-9]{0,18})"
_SNAPSHOT: Final = rf"{_NUMBER}:{_NUMBER}:(?:{_NUMBER}(?:,{_NUMBER})*)?"
_TEXT: Final = re.compile(
    rf"({_NUMBER})~({_NUMBER})~({_SNAPSHOT})(?:~({_SNAPSHOT}))?\Z", re.ASCII
)
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True)
class Snapshot:
    """Which transactions had ended at a moment, as PostgreSQL writes it."""

    xmin: int
    """Everything before had ended."""
    xmax: int
    """This and everything after had not begun."""
    running: tuple[int, ...] = ()
    """What had begun in between and not ended, in order."""

    @classmethod
    def parse(cls, text: str) -> "Snapshot":
        """Read PostgreSQL's text form; raises InvalidInput for what it never writes."""
        xmin, xmax, rest = text.split(":")
        running = tuple(int(xid) for xid in rest.split(",") if xid)
        snapshot = cls(int(xmin), int(xmax), running)
        if not snapshot._is_possible():
            raise InvalidInput(WRONG)
        return snapshot

    def shows(self, xact: int) -> bool:
        """Tell whether what this transaction wrote was to be seen."""
        if xact < self.xmin:
            return True
        return xact < self.xmax and xact not in self._running

    @property
    def age(self) -> tuple[int, int]:
        """Grow with the time at which the snapshot was taken."""
        return self.xmax, -len(self.running)

    @cached_property
    def _running(self) -> frozenset[int]:
        return frozenset(self.running)

    def _is_possible(self) -> bool:
        bounds = (self.xmin, *self.running, self.xmax)
        ordered = all(a <= b for a, b in pairwise(bounds))
        return (
            self.xmin > 0
            and self.xmax <= _LARGEST
            and ordered
            and self.xmax not in self.running
            and len(self._running) == len(self.running)
        )

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, self.running))}"


@dataclass(frozen=True)
class Cursor:
    """Everything that `base` shows; and of what `target` shows, the ids up to `id`."""

    base: Snapshot
    target: Snapshot | None = None
    id: int = 0
    """The last notification that was given; without a target only its name."""
    at: int = 0
    """When it was written, in seconds since 1970."""

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read what `str` wrote; raises InvalidInput for anything else."""
        match = _TEXT.match(text) if len(text) <= LONGEST else None
        if match is None:
            raise InvalidInput(WRONG)
        last, at, base, target = match.groups()
        if int(last) > _LARGEST or int(at) > _LARGEST:
            raise InvalidInput(WRONG)
        return cls(
            Snapshot.parse(base),
            None if target is None else Snapshot.parse(target),
            int(last),
            int(at),
        )

    def covers(self, xact: int, notification_id: int) -> bool:
        """Tell whether this notification was given before."""
        if self.base.shows(xact):
            return True
        if self.target is None:
            return False
        return notification_id <= self.id and self.target.shows(xact)

    @property
    def age(self) -> tuple[int, int, int]:
        """Grow as the follower goes on."""
        return *self.base.age, 0 if self.target is None else self.id

    def __str__(self) -> str:
        parts = [str(self.id), str(self.at), str(self.base)]
        if self.target is not None:
            parts.append(str(self.target))
        return "~".join(parts)


WRONG: Final = (
    "this is not a cursor: give back the `id` of a notification as you were given it"
)


def earlier(one: Cursor, other: Cursor) -> Cursor:
    """Return a cursor that covers nothing that either leaves out."""
    first = min(one, other, key=lambda cursor: cursor.age)
    if one.base.age == other.base.age and one.target != other.target:
        return Cursor(first.base, at=first.at)
    return first


def later(one: Cursor, other: Cursor) -> Cursor:
    """Return the one that got further."""
    return max(one, other, key=lambda cursor: cursor.age)
