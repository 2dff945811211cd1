"""What a policy limits and what it does to an execution beyond the limit."""

from enum import StrEnum


class PolicyMethod(StrEnum):
    """What happens to an execution beyond the limit."""

    CANCEL = "cancel"
    ENQUEUE = "enqueue"


class PolicyScope(StrEnum):
    """What a policy applies to."""

    ACTION = "action"
    PACK = "pack"
    GLOBAL = "global"
