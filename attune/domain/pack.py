"""The closed sets of packs: who may refer to a component, how an installation stands."""

from enum import StrEnum


class ReferenceVisibility(StrEnum):
    """Which packs may refer to an action or a trigger."""

    PRIVATE = "private"  # its own pack
    PUBLIC = "public"  # every pack
    RESTRICTED = "restricted"  # its own pack and those it names


class InstallStatus(StrEnum):
    """Where the installation of a pack stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
