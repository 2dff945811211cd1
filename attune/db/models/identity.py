"""Identities: people and service accounts, with their roles and tokens."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import Base, Entity, JsonObject, No, Revised, reference

if TYPE_CHECKING:
    from attune.db.models.permission import PermissionAssignment


class Identity(Entity, Revised):
    """A person or a service account."""

    __tablename__ = "identity"

    login: Mapped[str] = mapped_column(String(255), unique=True)
    display_name: Mapped[str | None]
    attributes: Mapped[JsonObject]
    password_hash: Mapped[str | None]
    """Null for one that cannot log in with a password."""
    password_changed_at: Mapped[datetime | None]
    token_epoch: Mapped[int] = mapped_column(server_default=text("0"))
    """Counts up to make every token of before invalid."""
    frozen: Mapped[No]

    assignments: Mapped[list["PermissionAssignment"]] = relationship(
        viewonly=True, lazy="raise"
    )
    roles: Mapped[list["IdentityRole"]] = relationship(viewonly=True, lazy="raise")


class IdentityRole(Entity, Revised):
    """A role name of an identity, from a person or an identity provider."""

    __tablename__ = "identity_role"

    identity_id: Mapped[int] = reference("identity", "identity", ondelete="CASCADE")
    role: Mapped[str] = mapped_column(String(255))
    source: Mapped[str] = mapped_column(server_default=text("'manual'"))
    managed: Mapped[No]
    """Set by an identity provider, and taken away by it."""

    identity: Mapped[Identity] = relationship(lazy="raise")

    __table_args__ = (UniqueConstraint("identity", "role"), Index(None, "role"))


class IntegrationToken(Entity, Revised):
    """A long-lived secret that a service exchanges for a token pair; only its hash."""

    __tablename__ = "integration_token"

    identity_id: Mapped[int] = reference("identity", "identity", ondelete="CASCADE")
    label: Mapped[str]
    description: Mapped[str | None]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    token_prefix: Mapped[str]
    token_suffix: Mapped[str]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_used_ip: Mapped[str | None]
    created_by_id: Mapped[int | None] = reference("created_by", "identity")
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = reference("revoked_by", "identity")
    revocation_reason: Mapped[str | None]

    identity: Mapped[Identity] = relationship(foreign_keys=[identity_id], lazy="raise")

    __table_args__ = (
        Index(None, "identity"),
        Index(None, "created_by"),
        Index(None, "revoked_by"),
    )


class LoginFailure(Base):
    """Failed logins of one login from one address, known by a hash of the two."""

    __tablename__ = "login_failure"

    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(server_default=text("0"))
    failed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    blocked_until: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (Index(None, "blocked_until"),)
