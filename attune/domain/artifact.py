"""What an artifact is, who sees it and how long it is kept."""

from enum import StrEnum


class ArtifactType(StrEnum):
    """How an artifact is shown."""

    FILE_BINARY = "file_binary"
    FILE_DATATABLE = "file_datatable"
    FILE_IMAGE = "file_image"
    FILE_TEXT = "file_text"
    URL = "url"
    PROGRESS = "progress"
    OTHER = "other"


class ArtifactVisibility(StrEnum):
    """Who may read an artifact."""

    PRIVATE = "private"
    PUBLIC = "public"


class ArtifactClassification(StrEnum):
    """Whether people or the platform made an artifact."""

    GENERAL = "general"
    RUNTIME_LOG = "runtime_log"


class ArtifactBodyState(StrEnum):
    """Whether the bytes of a version are there."""

    PENDING = "pending"
    READY = "ready"
    CLEANUP_CLAIMED = "cleanup_claimed"
    DELETING = "deleting"


class RetentionPolicyType(StrEnum):
    """The unit in which retention is counted."""

    VERSIONS = "versions"
    DAYS = "days"
    HOURS = "hours"
    MINUTES = "minutes"
