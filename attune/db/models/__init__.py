"""Every table of the platform, in one place for Alembic and for queries."""

from attune.db.models.action import Action
from attune.db.models.artifact import (
    Artifact,
    ArtifactPiece,
    ArtifactRemoval,
    ArtifactVersion,
)
from attune.db.models.audit import AuditEvent
from attune.db.models.enforcement import Enforcement
from attune.db.models.event import Event
from attune.db.models.execution import Execution, ExecutionLog, ExecutionSecretValue
from attune.db.models.identity import (
    Identity,
    IdentityRole,
    IntegrationToken,
    LoginFailure,
)
from attune.db.models.inquiry import Inquiry
from attune.db.models.key import Key
from attune.db.models.notification import Notification
from attune.db.models.outbox import OutboxMessage
from attune.db.models.pack import Pack, PackConfig, PackInstall
from attune.db.models.permission import (
    PermissionAssignment,
    PermissionSet,
    PermissionSetRole,
)
from attune.db.models.policy import Policy
from attune.db.models.rule import Rule
from attune.db.models.runtime import Runtime, RuntimeVersion
from attune.db.models.sensor import Sensor, SensorProcess
from attune.db.models.timer import Timer
from attune.db.models.trigger import Trigger
from attune.db.models.worker import Worker
from attune.db.models.workflow import (
    WorkflowDefinition,
    WorkflowExecution,
    WorkflowFanOut,
    WorkflowItem,
    WorkflowTask,
    WorkflowTimer,
)

__all__ = [
    "Action",
    "Artifact",
    "ArtifactPiece",
    "ArtifactRemoval",
    "ArtifactVersion",
    "AuditEvent",
    "Enforcement",
    "Event",
    "Execution",
    "ExecutionLog",
    "ExecutionSecretValue",
    "Identity",
    "IdentityRole",
    "Inquiry",
    "IntegrationToken",
    "Key",
    "LoginFailure",
    "Notification",
    "OutboxMessage",
    "Pack",
    "PackConfig",
    "PackInstall",
    "PermissionAssignment",
    "PermissionSet",
    "PermissionSetRole",
    "Policy",
    "Rule",
    "Runtime",
    "RuntimeVersion",
    "Sensor",
    "SensorProcess",
    "Timer",
    "Trigger",
    "Worker",
    "WorkflowDefinition",
    "WorkflowExecution",
    "WorkflowFanOut",
    "WorkflowItem",
    "WorkflowTask",
    "WorkflowTimer",
]
