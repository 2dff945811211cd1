"""What a worker is and in which state it may be."""

from datetime import timedelta
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


STALE_AFTER = timedelta(seconds=15)
"""A worker that beats every 2 s and was not heard for so long is gone."""


def worker_health(
    *,
    status: WorkerStatus | None,
    is_cordoned: bool,
    is_stale: bool,
    has_work: bool,
) -> WorkerHealth:
    """Conclude a worker's health, in the order of contract d.8."""
    if is_cordoned:
        return WorkerHealth.CORDONED
    if status is None:
        return WorkerHealth.INACTIVE
    if status is WorkerStatus.ERROR:
        return WorkerHealth.ERROR
    if status is WorkerStatus.INACTIVE or is_stale:
        return WorkerHealth.OFFLINE
    is_busy = status is WorkerStatus.BUSY or has_work
    return WorkerHealth.BUSY if is_busy else WorkerHealth.ACTIVE
