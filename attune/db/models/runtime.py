"""Runtimes and their versions: how the code of actions and sensors is run."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import (
    Entity,
    FilledRef,
    JsonObject,
    No,
    RefText,
    Revised,
    TextList,
    reference,
)

if TYPE_CHECKING:
    from attune.db.models.pack import Pack


class Runtime(Entity, Revised):
    """A way to install and run code; one without an execution_config runs none."""

    __tablename__ = "runtime"

    ref: Mapped[RefText] = mapped_column(unique=True)
    name: Mapped[str]
    aliases: Mapped[TextList]
    description: Mapped[str | None]
    is_adhoc: Mapped[No]
    distributions: Mapped[JsonObject]
    installation: Mapped[dict[str, Any] | None]
    execution_config: Mapped[JsonObject]
    pack_id: Mapped[int | None] = reference("pack", "pack", ondelete="CASCADE")
    pack_ref: Mapped[FilledRef | None]

    pack: Mapped["Pack | None"] = relationship(lazy="raise")
    versions: Mapped[list["RuntimeVersion"]] = relationship(viewonly=True, lazy="raise")

    __table_args__ = (Index(None, "pack"),)


class RuntimeVersion(Entity, Revised):
    """One version of a runtime; its execution_config replaces the runtime's."""

    __tablename__ = "runtime_version"

    runtime_id: Mapped[int] = reference("runtime", "runtime", ondelete="CASCADE")
    runtime_ref: Mapped[FilledRef]
    version: Mapped[str]
    is_default: Mapped[No]
    distributions: Mapped[JsonObject]
    execution_config: Mapped[JsonObject]
    meta: Mapped[JsonObject]

    runtime: Mapped[Runtime] = relationship(lazy="raise")

    __table_args__ = (UniqueConstraint("runtime", "version"),)
