"""Keys: configuration values and secrets, each with one owner."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    CheckConstraint,
    FetchedValue,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import (
    Entity,
    FilledRef,
    JsonValue,
    No,
    Revised,
    reference,
)
from attune.domain.key import OwnerType

if TYPE_CHECKING:
    from attune.db.models.action import Action
    from attune.db.models.identity import Identity
    from attune.db.models.pack import Pack
    from attune.db.models.sensor import Sensor


class Key(Entity, Revised):
    """A value with one owner; a table trigger checks that and fills what follows."""

    __tablename__ = "key"

    ref: Mapped[FilledRef] = mapped_column(unique=True)
    local_ref: Mapped[FilledRef]
    """The ref without what says whose it is."""
    owner_type: Mapped[OwnerType]
    owner: Mapped[str] = mapped_column(
        String(255), server_default=FetchedValue(), server_onupdate=FetchedValue()
    )
    """`system`, a login, or the ref of the owner."""
    owner_identity_id: Mapped[int | None] = reference(
        "owner_identity", "identity", ondelete="CASCADE"
    )
    owner_pack_id: Mapped[int | None] = reference(
        "owner_pack", "pack", ondelete="CASCADE"
    )
    owner_pack_ref: Mapped[FilledRef | None]
    owner_action_id: Mapped[int | None] = reference(
        "owner_action", "action", ondelete="CASCADE"
    )
    owner_action_ref: Mapped[FilledRef | None]
    owner_sensor_id: Mapped[int | None] = reference(
        "owner_sensor", "sensor", ondelete="CASCADE"
    )
    owner_sensor_ref: Mapped[FilledRef | None]
    name: Mapped[str] = mapped_column(String(255))
    encrypted: Mapped[No]
    encryption_key_hash: Mapped[str | None]
    value: Mapped[JsonValue]
    """Any JSON; when encrypted, a text of base64."""
    expires_at: Mapped[datetime | None]
    """From when on nothing resolves it; null: never."""

    owner_identity: Mapped["Identity | None"] = relationship(lazy="raise")
    owner_pack: Mapped["Pack | None"] = relationship(lazy="raise")
    owner_action: Mapped["Action | None"] = relationship(lazy="raise")
    owner_sensor: Mapped["Sensor | None"] = relationship(lazy="raise")

    __table_args__ = (
        UniqueConstraint("owner_type", "owner", "name"),
        CheckConstraint(
            "NOT encrypted OR encryption_key_hash IS NOT NULL", name="encryption"
        ),
        Index(None, "owner_identity"),
        Index(None, "owner_pack"),
        Index(None, "owner_action"),
        Index(None, "owner_sensor"),
        Index(None, "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
    )
