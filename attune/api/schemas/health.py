"""What the health routes say."""

from attune.api.schemas.envelope import Read


class Health(Read):
    """The process answers."""

    status: str


class HealthDetails(Health):
    """The process answers, and so does what it depends on."""

    database: str
    version: str
