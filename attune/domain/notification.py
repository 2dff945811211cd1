"""Notifications: what they are called, and who asks for which."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from attune.domain.errors import InvalidInput

LONGEST_FILTER: Final = 300

RULE_CHANGES: Final = frozenset({"created", "updated", "deleted"})
"""What sensors are told of a rule; that it fails is not their concern."""

STATUS_KEEPERS: Final = frozenset({"execution", "enforcement", "workflow_execution"})
"""Entities of which each change is a change of status (contract, m.1)."""


class NotificationState(StrEnum):
    """Where the delivery of a notification stands."""

    CREATED = "created"  # written, announced by pg_notify, and there for every follower
    QUEUED = "queued"  # claimed by a program that takes rows as work
    PROCESSING = "processing"  # such a program is at it
    ERROR = "error"  # cannot be delivered, to anybody


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A notification as followers are told of it."""

    id: int
    xact: int
    """The transaction that wrote it."""
    entity_type: str
    entity: str
    activity: str
    content: Mapping[str, Any] = field(default_factory=dict)
    created: datetime

    @property
    def type(self) -> str:
        """Return what the contract calls this kind of change."""
        return notification_type(self.entity_type, self.activity)

    @property
    def user_id(self) -> int | None:
        """Return the identity whom it concerns most, if there is one."""
        for name in ("assigned_to", "executor", "owner_identity"):
            value = self.content.get(name)
            if isinstance(value, int):
                return value
        return None

    @property
    def entity_id(self) -> int | str:
        """Return the entity's id as a number where it is one."""
        is_number = self.entity.isascii() and self.entity.isdigit()
        return int(self.entity) if is_number else self.entity


def notification_type(entity_type: str, activity: str) -> str:
    """Return the channel of the contract, such as `execution_status_changed`."""
    if entity_type in STATUS_KEEPERS and activity != "created":
        return f"{entity_type}_status_changed"
    return f"{entity_type}_{activity}"


class FilterKind(StrEnum):
    """What a filter looks at."""

    ALL = "all"
    ENTITY_TYPE = "entity_type"
    ENTITY = "entity"
    USER = "user"
    NOTIFICATION_TYPE = "notification_type"
    TRIGGER_REF = "trigger_ref"


@dataclass(frozen=True)
class Filter:
    """Which notifications a follower asks for (contract, m.2)."""

    kind: FilterKind
    value: str = ""
    entity: str = ""
    """Which entity of the type, for `entity:<type>:<id>`."""

    @classmethod
    def parse(cls, text: str) -> "Filter":
        """Read `all`, `entity_type:execution`, …; raises InvalidInput."""
        kind, _, value = text.partition(":")
        if text == FilterKind.ALL:
            return cls(FilterKind.ALL)
        if len(text) > LONGEST_FILTER or kind not in _WITH_VALUE or not value:
            raise InvalidInput(_WRONG)
        entity = ""
        if kind == FilterKind.ENTITY:
            value, _, entity = value.partition(":")
            if not value or not entity:
                raise InvalidInput(_WRONG)
        if kind == FilterKind.USER and not (value.isascii() and value.isdigit()):
            raise InvalidInput("`user:` is followed by the id of an identity")
        return cls(FilterKind(kind), value, entity)

    def matches(self, notice: Notice) -> bool:
        """Tell whether the notification is asked for; not whether it may be seen."""
        return _MATCHES[self.kind](self, notice)

    def __str__(self) -> str:
        return ":".join(part for part in (self.kind, self.value, self.entity) if part)


def rule_trigger_refs(notice: Notice) -> tuple[str, ...]:
    """Return the trigger of a rule that changed, and the one it had before."""
    if notice.entity_type != "rule" or notice.activity not in RULE_CHANGES:
        return ()
    content = notice.content
    refs = (content.get("trigger_ref"), content.get("old_trigger_ref"))
    return tuple(ref for ref in refs if isinstance(ref, str))


_WITH_VALUE: Final = frozenset(FilterKind) - {FilterKind.ALL}
_WRONG: Final = (
    "a filter is one of: all, entity_type:<type>, entity:<type>:<id>, user:<id>, "
    "notification_type:<type>, trigger_ref:<ref>"
)

_MATCHES: Final[Mapping[FilterKind, Callable[[Filter, Notice], bool]]] = {
    FilterKind.ALL: lambda _, __: True,
    FilterKind.ENTITY_TYPE: lambda f, n: n.entity_type == f.value,
    FilterKind.ENTITY: lambda f, n: (n.entity_type, n.entity) == (f.value, f.entity),
    FilterKind.USER: lambda f, n: n.user_id == int(f.value),
    FilterKind.NOTIFICATION_TYPE: lambda f, n: n.type == f.value,
    FilterKind.TRIGGER_REF: lambda f, n: f.value in rule_trigger_refs(n),
}
