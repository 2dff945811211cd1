"""The life of an enforcement and how its conditions combine."""

from enum import StrEnum


class EnforcementStatus(StrEnum):
    """Where an enforcement stands."""

    CREATED = "created"  # the rule's conditions held
    PROCESSED = "processed"  # its execution exists
    DISABLED = "disabled"  # the rule was disabled meanwhile


class EnforcementCondition(StrEnum):
    """Whether one condition suffices or all must hold."""

    ANY = "any"
    ALL = "all"
