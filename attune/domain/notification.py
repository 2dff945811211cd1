"""The delivery of a notification."""

from enum import StrEnum


class NotificationState(StrEnum):
    """Where the delivery of a notification stands."""

    CREATED = "created"  # written, and announced by pg_notify
    QUEUED = "queued"
    PROCESSING = "processing"
    ERROR = "error"
