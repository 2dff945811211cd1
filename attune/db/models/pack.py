"""Packs, what identities configure in them, and the record of their installations."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import (
    Entity,
    FilledRef,
    JsonObject,
    No,
    RefText,
    Revised,
    TextList,
    Yes,
    reference,
)
from attune.db.models.shared import Placed, Tagged
from attune.domain.pack import InstallStatus

if TYPE_CHECKING:
    from attune.db.models.action import Action
    from attune.db.models.identity import Identity
    from attune.db.models.permission import PermissionSet
    from attune.db.models.policy import Policy
    from attune.db.models.rule import Rule
    from attune.db.models.runtime import Runtime
    from attune.db.models.sensor import Sensor
    from attune.db.models.trigger import Trigger


class Pack(Entity, Revised, Placed, Tagged):
    """A bundle of automation components; what everything else belongs to."""

    __tablename__ = "pack"

    ref: Mapped[RefText] = mapped_column(unique=True)
    label: Mapped[str]
    description: Mapped[str | None]
    version: Mapped[str]
    author: Mapped[str | None]
    email: Mapped[str | None]
    conf_schema: Mapped[JsonObject]
    config: Mapped[JsonObject]
    meta: Mapped[JsonObject]
    runtime_deps: Mapped[TextList]
    dependencies: Mapped[TextList]
    is_standard: Mapped[No]
    enabled: Mapped[Yes]
    # A pack without an owner is everybody's: losing the owner must not publish it.
    owner_identity_id: Mapped[int | None] = reference(
        "owner_identity", "identity", ondelete="RESTRICT"
    )
    configured_by_id: Mapped[int | None] = reference("configured_by", "identity")
    """Whose rights decide which keys the configuration may refer to."""
    content_hash: Mapped[str | None]
    """Names the bundle that workers fetch; null for a pack without files."""
    storage_path: Mapped[str | None]
    """The directory of the pack's files, relative to the packs directory."""

    owner_identity: Mapped["Identity | None"] = relationship(
        foreign_keys=[owner_identity_id], lazy="raise"
    )
    runtimes: Mapped[list["Runtime"]] = relationship(viewonly=True, lazy="raise")
    triggers: Mapped[list["Trigger"]] = relationship(viewonly=True, lazy="raise")
    sensors: Mapped[list["Sensor"]] = relationship(viewonly=True, lazy="raise")
    actions: Mapped[list["Action"]] = relationship(viewonly=True, lazy="raise")
    rules: Mapped[list["Rule"]] = relationship(viewonly=True, lazy="raise")
    permission_sets: Mapped[list["PermissionSet"]] = relationship(
        viewonly=True, lazy="raise"
    )
    policies: Mapped[list["Policy"]] = relationship(viewonly=True, lazy="raise")

    __table_args__ = (
        Index(
            None,
            "owner_identity",
            postgresql_where=text("owner_identity IS NOT NULL"),
        ),
        Index(
            None, "configured_by", postgresql_where=text("configured_by IS NOT NULL")
        ),
    )


class PackConfig(Entity, Revised):
    """What one identity wants configured differently in a pack, for what it runs."""

    __tablename__ = "pack_config"

    pack_id: Mapped[int] = reference("pack", "pack", ondelete="CASCADE")
    identity_id: Mapped[int] = reference("identity", "identity", ondelete="CASCADE")
    config: Mapped[JsonObject]

    __table_args__ = (UniqueConstraint("pack", "identity"), Index(None, "identity"))


class PackInstall(Entity, Revised):
    """One installation of a pack, from request to outcome."""

    __tablename__ = "pack_install"

    pack_id: Mapped[int | None] = reference("pack", "pack")
    pack_ref: Mapped[FilledRef]
    pack_version: Mapped[str]
    status: Mapped[InstallStatus] = mapped_column(server_default=text("'pending'"))
    trigger_reason: Mapped[str] = mapped_column(server_default=text("'install'"))
    source: Mapped[str | None]
    requested_by_id: Mapped[int | None] = reference("requested_by", "identity")
    error_message: Mapped[str | None]
    tests_skipped: Mapped[Yes]
    test_result: Mapped[dict[str, Any] | None]
    provenance: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    finished_at: Mapped[datetime | None]

    pack: Mapped[Pack | None] = relationship(lazy="raise")

    __table_args__ = (
        Index(None, "pack_ref", "id"),
        Index(None, "pack"),
        Index(None, "requested_by"),
    )
