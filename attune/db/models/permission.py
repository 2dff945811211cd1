"""Permission sets, and to whom they are assigned."""

from typing import TYPE_CHECKING

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import Entity, FilledRef, JsonList, Revised, reference
from attune.db.models.shared import Component

if TYPE_CHECKING:
    from attune.db.models.identity import Identity
    from attune.db.models.pack import Pack


class PermissionSet(Entity, Revised, Component):
    """A named collection of grants."""

    __tablename__ = "permission_set"

    pack_id: Mapped[int | None] = reference("pack", "pack", ondelete="CASCADE")
    pack_ref: Mapped[FilledRef | None]
    grants: Mapped[JsonList]
    owner_identity_id: Mapped[int | None] = reference("owner_identity", "identity")
    """Who made it; null for one that came with a pack."""

    pack: Mapped["Pack | None"] = relationship(lazy="raise")
    roles: Mapped[list["PermissionSetRole"]] = relationship(viewonly=True, lazy="raise")

    __table_args__ = (
        Index(None, "pack"),
        Index(
            None,
            "owner_identity",
            postgresql_where=text("owner_identity IS NOT NULL"),
        ),
    )


class PermissionAssignment(Entity):
    """Gives an identity the grants of a permission set."""

    __tablename__ = "permission_assignment"

    identity_id: Mapped[int] = reference("identity", "identity", ondelete="CASCADE")
    permset_id: Mapped[int] = reference("permset", "permission_set", ondelete="CASCADE")

    identity: Mapped["Identity"] = relationship(lazy="raise")
    permset: Mapped[PermissionSet] = relationship(lazy="raise")

    __table_args__ = (UniqueConstraint("identity", "permset"), Index(None, "permset"))


class PermissionSetRole(Entity):
    """Gives everybody with a role the grants of a permission set."""

    __tablename__ = "permission_set_role"

    permset_id: Mapped[int] = reference("permset", "permission_set", ondelete="CASCADE")
    role: Mapped[str] = mapped_column(String(255))

    permset: Mapped[PermissionSet] = relationship(lazy="raise")

    __table_args__ = (UniqueConstraint("permset", "role"), Index(None, "role"))
