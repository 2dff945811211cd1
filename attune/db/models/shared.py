"""Groups of columns that several components have."""

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from attune.db.base import JsonList, JsonObject, No, RefText, TextList
from attune.domain.artifact import RetentionPolicyType
from attune.domain.pack import ReferenceVisibility


class Component:
    """What every component of a pack is called."""

    ref: Mapped[RefText] = mapped_column(unique=True)
    label: Mapped[str] = mapped_column(server_default=text("''"))
    description: Mapped[str | None]
    is_adhoc: Mapped[No]
    """Made through the API: loading the pack again leaves it alone."""


class Placed:
    """Which workers may serve."""

    worker_selector: Mapped[JsonObject]
    worker_tolerations: Mapped[JsonList]
    worker_affinity: Mapped[JsonObject]


class Retained:
    """How long logs and artifacts are kept; null means the platform's default."""

    log_retention_policy: Mapped[RetentionPolicyType | None]
    log_retention_limit: Mapped[int | None]
    artifact_retention_policy: Mapped[RetentionPolicyType | None]
    artifact_retention_limit: Mapped[int | None]


class Referable:
    """Which packs may refer to this component."""

    reference_visibility: Mapped[ReferenceVisibility] = mapped_column(
        server_default=text("'public'")
    )
    reference_allowed_pack_refs: Mapped[TextList]


class Tagged:
    """Free words to find things by."""

    tags: Mapped[TextList]
