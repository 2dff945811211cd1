"""Who a key or an artifact belongs to."""

from enum import StrEnum


class OwnerType(StrEnum):
    """The kinds of owner."""

    SYSTEM = "system"
    IDENTITY = "identity"
    PACK = "pack"
    ACTION = "action"
    SENSOR = "sensor"
