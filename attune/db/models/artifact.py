"""Artifacts: what executions leave behind, in versions."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import Base, Entity, RefText, Revised, kept, reference
from attune.domain.artifact import (
    ArtifactBodyState,
    ArtifactClassification,
    ArtifactType,
    ArtifactVisibility,
    RetentionPolicyType,
)
from attune.domain.key import OwnerType

if TYPE_CHECKING:
    from attune.db.models.execution import Execution


class Artifact(Entity, Revised):
    """A thing worth keeping for a while; its bytes are in its versions."""

    __tablename__ = "artifact"

    ref: Mapped[RefText]
    scope: Mapped[OwnerType]
    owner: Mapped[str] = mapped_column(String(255), server_default=text("''"))
    """An identity's id, or the ref of a pack, an action or a sensor."""
    type: Mapped[ArtifactType]
    visibility: Mapped[ArtifactVisibility] = mapped_column(
        server_default=text("'private'")
    )
    classification: Mapped[ArtifactClassification] = mapped_column(
        server_default=text("'general'")
    )
    retention_policy: Mapped[RetentionPolicyType] = mapped_column(
        server_default=text("'versions'")
    )
    retention_limit: Mapped[int] = mapped_column(server_default=text("5"))
    name: Mapped[str | None]
    description: Mapped[str | None]
    content_type: Mapped[str | None]
    size_bytes: Mapped[int | None]
    data: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    """The value itself for `url` and `other`, a list of entries for `progress`."""
    execution_id: Mapped[int | None] = reference("execution", "execution")
    owner_identity_id: Mapped[int | None] = kept("owner_identity")
    """The identity that owns it, or that executed what made it, or whose the pack is."""

    execution: Mapped["Execution | None"] = relationship(lazy="raise")
    versions: Mapped[list["ArtifactVersion"]] = relationship(
        viewonly=True, lazy="raise"
    )

    __table_args__ = (
        CheckConstraint("retention_limit > 0", name="retention_limit"),
        # Many executions of one action leave logs of the same name.
        Index(
            "uq_artifact_ref",
            "ref",
            unique=True,
            postgresql_where=text("classification = 'general'"),
        ),
        Index(None, "ref"),
        Index(None, "scope", "owner"),
        Index(None, "execution", postgresql_where=text("execution IS NOT NULL")),
        Index(None, "created", postgresql_using="brin"),
    )


class ArtifactVersion(Entity):
    """One state of an artifact's content."""

    __tablename__ = "artifact_version"

    artifact_id: Mapped[int] = reference("artifact", "artifact", ondelete="CASCADE")
    version: Mapped[int]
    content_type: Mapped[str | None]
    size_bytes: Mapped[int | None]
    content_json: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    file_path: Mapped[str | None]
    """Relative to the artifacts directory."""
    object_key: Mapped[str | None]
    provider_version: Mapped[str | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    body_state: Mapped[ArtifactBodyState | None]
    meta: Mapped[dict[str, Any] | None]
    created_by: Mapped[str | None]
    execution_id: Mapped[int | None] = reference("execution", "execution")

    artifact: Mapped[Artifact] = relationship(lazy="raise")

    __table_args__ = (
        UniqueConstraint("artifact", "version"),
        CheckConstraint("version > 0", name="version"),
        Index(
            "uq_artifact_version_file_path",
            "file_path",
            unique=True,
            postgresql_where=text("file_path IS NOT NULL"),
        ),
        Index(
            "ix_artifact_version_pending",
            "id",
            postgresql_where=text("body_state = 'pending'"),
        ),
        Index(None, "execution", postgresql_where=text("execution IS NOT NULL")),
    )


class ArtifactPiece(Base):
    """A piece of the content of a version that is still being written."""

    __tablename__ = "artifact_piece"

    version_id: Mapped[int] = mapped_column(
        "artifact_version",
        ForeignKey("attune.artifact_version.id", ondelete="CASCADE"),
        primary_key=True,
    )
    byte_offset: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (CheckConstraint("byte_offset >= 0", name="byte_offset"),)


class ArtifactRemoval(Entity):
    """A file whose version is gone; a table trigger adds it, the sweeper removes both."""

    __tablename__ = "artifact_removal"

    file_path: Mapped[str] = mapped_column(String(1024), unique=True)
