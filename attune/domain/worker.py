"""What a worker is and in which state it may be."""

from enum import StrEnum


class WorkerType(StrEnum):
    """How a worker is deployed."""

    LOCAL = "local"
    REMOTE = "remote"
    CONTAINER = "container"


class WorkerRole(StrEnum):
    """What a worker does."""

    ACTION = "action"
    SENSOR = "sensor"


class WorkerStatus(StrEnum):
    """What a worker last said about itself."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    BUSY = "busy"
    ERROR = "error"


class WorkerHealth(StrEnum):
    """What the platform concludes from status, heartbeat, load and cordon."""

    ACTIVE = "active"
    BUSY = "busy"
    CORDONED = "cordoned"
    ERROR = "error"
    INACTIVE = "inactive"
    OFFLINE = "offline"
