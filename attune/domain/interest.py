"""What one follower asks for, and what of it was given already."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from attune.domain.cursor import Cursor, earlier, later
from attune.domain.notification import Filter, FilterKind, Notice


@dataclass(frozen=True)
class Interest:
    """A filter that counts from somewhere on."""

    filter: Filter
    start: Cursor
    """What this covers is not asked for."""
    served: Cursor
    """What this covers, beyond the start, was given."""

    def asks_for(self, notice: Notice) -> bool:
        """Tell whether the notification is still to be given."""
        return self.filter.matches(notice) and not _covers(self.served, notice)

    def was_given(self, notice: Notice) -> bool:
        """Tell whether the notification was given because of this filter."""
        return (
            self.filter.matches(notice)
            and _covers(self.served, notice)
            and not _covers(self.start, notice)
        )


class Interests:
    """The filters of one follower; what several of them match is given once."""

    def __init__(self) -> None:
        self._by_filter: dict[Filter, Interest] = {}
        self.revision = 0
        """Grows with every change, so that what was read before it is read again."""

    def __len__(self) -> int:
        return len(self._by_filter)

    def __contains__(self, wanted: Filter) -> bool:
        return wanted in self._by_filter

    @property
    def filters(self) -> Collection[Filter]:
        """Return what is asked for."""
        return self._by_filter.keys()

    @property
    def trigger_refs(self) -> Collection[str]:
        """Return the triggers whose rules are asked for."""
        return {
            each.value
            for each in self._by_filter
            if each.kind is FilterKind.TRIGGER_REF
        }

    def add(self, wanted: Filter, position: Cursor, after: Cursor | None) -> Cursor:
        """Ask for more, and return where reading has to go on.

        Without `after` the filter counts from the position. With it reading may have to
        go back; the other filters do not ask again for what they have had.
        """
        self.revision += 1
        start = after or position
        resumed = position if after is None else earlier(position, after)
        if resumed != position:
            for each, interest in self._by_filter.items():
                served = later(interest.served, position)
                self._by_filter[each] = replace(interest, served=served)
        self._by_filter[wanted] = Interest(wanted, start, start)
        return resumed

    def remove(self, wanted: Filter) -> None:
        """Ask for this no more."""
        self.revision += 1
        self._by_filter.pop(wanted, None)

    def want(self, notice: Notice) -> bool:
        """Tell whether the notification is to be given now."""
        interests = self._by_filter.values()
        return any(each.asks_for(notice) for each in interests) and not any(
            each.was_given(notice) for each in interests
        )


def _covers(cursor: Cursor, notice: Notice) -> bool:
    return cursor.covers(notice.xact, notice.id)
