"""The declarative base: schema, names of constraints, column types that models share."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from sqlalchemy import (
    BigInteger,
    DateTime,
    Enum,
    FetchedValue,
    ForeignKey,
    Identity,
    MetaData,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, mapped_column

from attune.domain.action import (
    OnWorkerLoss,
    OutputFormat,
    ParameterDelivery,
    ParameterFormat,
)
from attune.domain.artifact import (
    ArtifactBodyState,
    ArtifactClassification,
    ArtifactType,
    ArtifactVisibility,
    RetentionPolicyType,
)
from attune.domain.audit import AuditCategory, AuditOutcome
from attune.domain.enforcement import EnforcementCondition, EnforcementStatus
from attune.domain.execution import ExecutionStatus
from attune.domain.inquiry import InquiryStatus
from attune.domain.key import OwnerType
from attune.domain.notification import NotificationState
from attune.domain.pack import InstallStatus, ReferenceVisibility
from attune.domain.payload_check import PayloadCheck
from attune.domain.policy import PolicyMethod, PolicyScope
from attune.domain.worker import WorkerRole, WorkerStatus, WorkerType

SCHEMA = "attune"

ENUMS: dict[type[StrEnum], str] = {
    ArtifactBodyState: "artifact_body_state_enum",
    ArtifactClassification: "artifact_classification_enum",
    ArtifactType: "artifact_type_enum",
    ArtifactVisibility: "artifact_visibility_enum",
    AuditCategory: "audit_category_enum",
    AuditOutcome: "audit_outcome_enum",
    EnforcementCondition: "enforcement_condition_enum",
    EnforcementStatus: "enforcement_status_enum",
    ExecutionStatus: "execution_status_enum",
    InquiryStatus: "inquiry_status_enum",
    InstallStatus: "install_status_enum",
    NotificationState: "notification_state_enum",
    OnWorkerLoss: "on_worker_loss_enum",
    OutputFormat: "output_format_enum",
    OwnerType: "owner_type_enum",
    ParameterDelivery: "parameter_delivery_enum",
    ParameterFormat: "parameter_format_enum",
    PayloadCheck: "payload_check_enum",
    PolicyMethod: "policy_method_enum",
    PolicyScope: "policy_scope_enum",
    ReferenceVisibility: "reference_visibility_enum",
    RetentionPolicyType: "retention_policy_type_enum",
    WorkerRole: "worker_role_enum",
    WorkerStatus: "worker_status_enum",
    WorkerType: "worker_type_enum",
}
"""The closed sets that are PostgreSQL enum types, and what they are called there."""

RefText = Annotated[str, mapped_column(String(255))]
"""A ref; bounded, so that no message that carries some can grow too long."""
FilledRef = Annotated[
    str,
    mapped_column(
        String(255), server_default=FetchedValue(), server_onupdate=FetchedValue()
    ),
]
"""A ref that a table trigger fills from the id beside it."""
JsonObject = Annotated[
    dict[str, Any],
    mapped_column(JSONB(none_as_null=True), server_default=text("'{}'")),
]
"""A JSON object that is never null."""
JsonList = Annotated[
    list[Any], mapped_column(JSONB(none_as_null=True), server_default=text("'[]'"))
]
"""A JSON array that is never null."""
JsonValue = Annotated[Any, mapped_column(JSONB, nullable=False)]
"""Any JSON, `null` included; the column itself is never null."""
TextList = Annotated[list[str], mapped_column(ARRAY(Text), server_default=text("'{}'"))]
"""A list of texts that is never null."""
Yes = Annotated[bool, mapped_column(server_default=text("true"))]
"""A flag that is set unless said otherwise."""
No = Annotated[bool, mapped_column(server_default=text("false"))]
"""A flag that is not set unless said otherwise."""


def _enum(kind: type[StrEnum], name: str) -> Enum:
    return Enum(
        kind,
        name=name,
        schema=SCHEMA,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """Every table of the platform."""

    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        },
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB(none_as_null=True),
        list[str]: ARRAY(Text),
        **{kind: _enum(kind, name) for kind, name in ENUMS.items()},
    }
    # What table triggers fill comes back with the statement: a later implicit load
    # is impossible in asyncio.
    __mapper_args__ = {"eager_defaults": True}


class Entity(Base):
    """A table with a number for a key and the time of each row's creation."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    created: Mapped[datetime] = mapped_column(server_default=func.now())


class Revised:
    """Rows that change, with the time of the last change; a table trigger stamps it."""

    updated: Mapped[datetime] = mapped_column(
        server_default=func.now(), server_onupdate=FetchedValue()
    )


def reference(
    column: str, table: str, *, ondelete: str = "SET NULL", use_alter: bool = False
) -> MappedColumn[Any]:
    """Make a foreign key column named as in the data-model document.

    A table trigger fills it from the ref beside it, where there is one.
    """
    target = f"{SCHEMA}.{table}.id"
    return mapped_column(
        column,
        ForeignKey(target, ondelete=ondelete, use_alter=use_alter),
        server_default=FetchedValue(),
        server_onupdate=FetchedValue(),
    )


def kept(column: str) -> MappedColumn[Any]:
    """Make a column of an id that a table trigger fills and that outlives its row."""
    return mapped_column(
        column,
        server_default=FetchedValue(),
        server_onupdate=FetchedValue(),
    )
