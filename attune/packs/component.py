"""The documents of a pack's components: actions, triggers, sensors, rules and others."""

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, model_validator

from attune.domain.action import (
    OnWorkerLoss,
    OutputFormat,
    ParameterDelivery,
    ParameterFormat,
)
from attune.domain.enforcement import EnforcementCondition
from attune.domain.json import Json
from attune.domain.pack import ReferenceVisibility
from attune.domain.payload_check import PayloadCheck
from attune.domain.runtime import Distributions, ExecutionConfig
from attune.domain.webhook_config import Flag, WebhookConfig
from attune.packs.fields import (
    ComponentRef,
    GrantDocument,
    Label,
    Object,
    PermissionSetRefs,
    RefList,
    RuntimeVersionText,
    Seconds,
    VersionConstraints,
    Words,
    WorkflowVersion,
    origin_of,
)
from attune.packs.manifest import (
    ComponentDocument,
    Document,
    PlacedDocument,
    spelled,
)


class ActionDocument(PlacedDocument):
    """An action: a file with code and its parameters, or a workflow."""

    runtime: str = spelled("runner_type", "runtime_ref", "runtime", default="shell")
    """The runtime as people call it; the installation finds its ref."""
    entrypoint: Annotated[str, Field(max_length=256_000)] = spelled(
        "entry_point", "entrypoint", default=""
    )
    param_schema: Object = spelled("parameters", "param_schema", default={})
    out_schema: Object = spelled("output", "output_schema", "out_schema", default={})
    parameter_delivery: ParameterDelivery = ParameterDelivery.STDIN
    parameter_format: ParameterFormat = ParameterFormat.JSON
    output_format: OutputFormat = OutputFormat.TEXT
    timeout_seconds: Seconds | None = spelled(
        "timeout_seconds", "timeout", default=None
    )
    on_worker_loss: OnWorkerLoss = OnWorkerLoss.ABANDON
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 1
    enabled: bool = True
    accesses_mcp: bool = False
    workflow_file: str | None = None
    required_worker_runtimes: VersionConstraints = {}
    default_execution_permission_set_refs: PermissionSetRefs = []
    reference_visibility: ReferenceVisibility = ReferenceVisibility.PUBLIC
    reference_allowed_pack_refs: Words = []
    tags: Words = []


class WebhookDocument(WebhookConfig):
    """The webhook of a trigger: whether it is open, and the checks it makes."""

    enabled: Flag | None = None
    """Nothing is said: people open and close it."""


class TriggerDocument(ComponentDocument):
    """A kind of event."""

    type: Annotated[str, Field(max_length=64)] | None = None
    enabled: bool = True
    param_schema: Object = spelled("parameters", "param_schema", default={})
    out_schema: Object = spelled("output", "output_schema", "out_schema", default={})
    payload_check: PayloadCheck = PayloadCheck.MARK
    examples: Annotated[list[Json], Field(max_length=100)] = []
    webhook: WebhookDocument | None = None
    reference_visibility: ReferenceVisibility = ReferenceVisibility.PUBLIC
    reference_allowed_pack_refs: Words = []
    tags: Words = []


class SensorDocument(PlacedDocument):
    """A process that watches for its triggers' conditions."""

    runtime: str = spelled("runner_type", "runtime_ref", "runtime", default="native")
    entrypoint: Annotated[str, Field(max_length=1024)] = spelled(
        "entry_point", "entrypoint"
    )
    trigger_refs: RefList = spelled(
        "trigger_types", "trigger_type", "trigger_refs", "trigger_ref", "trigger"
    )
    enabled: bool = True
    param_schema: Object = spelled("parameters", "param_schema", default={})
    config: Object = {}


class RuleDocument(ComponentDocument):
    """When a trigger fires and conditions hold, an action is executed."""

    trigger_ref: ComponentRef = spelled("trigger_ref", "trigger")
    action_ref: ComponentRef = spelled("action_ref", "action")
    enabled: bool = True
    condition: EnforcementCondition = EnforcementCondition.ALL
    conditions: Json = []
    trigger_params: Object = {}
    action_params: Object = {}
    permission_set_refs: PermissionSetRefs | None = None
    trace_tag_template: str | None = None
    tags: Words = []
    sensor_worker_selector: dict[str, str] = {}
    sensor_worker_tolerations: list[Object] = []
    sensor_worker_affinity: Object = {}


class RuntimeVersionDocument(Document):
    """One version of a runtime."""

    version: RuntimeVersionText
    is_default: bool = False
    distributions: Distributions | None = None
    execution_config: ExecutionConfig | None = None
    meta: Object = {}


class RuntimeDocument(ComponentDocument):
    """A way to install and run code."""

    name: Label
    aliases: Words = []
    distributions: Distributions = Distributions()
    installation: Object = {}
    execution_config: ExecutionConfig | None = None
    versions: list[RuntimeVersionDocument] = []

    @model_validator(mode="before")
    @classmethod
    def _named(cls, document: Any, info: ValidationInfo) -> Any:
        """Use the label for a name: a runtime's name is only how people call it."""
        if not isinstance(document, dict) or document.get("name"):
            return document
        origin = origin_of(info)
        return {**document, "name": document.get("label") or origin.stem}


class PermissionSetDocument(ComponentDocument):
    """A named collection of grants."""

    grants: list[GrantDocument] = []


class WorkflowDocument(ComponentDocument):
    """A graph of tasks, which is kept as it is written and checked as a whole."""

    version: WorkflowVersion = "1.0.0"
    param_schema: Object = spelled("parameters", "param_schema", default={})
    out_schema: Object = spelled("output", "output_schema", "out_schema", default={})
    tags: Words = []
    vars: Json = None
    tasks: Json = None
    output_map: Json = None
    cancellation_policy: Json = None
    enabled: bool = True
    timeout_seconds: Seconds | None = spelled(
        "timeout_seconds", "timeout", default=None
    )
    default_execution_permission_set_refs: PermissionSetRefs = []
    reference_visibility: ReferenceVisibility = ReferenceVisibility.PUBLIC
    reference_allowed_pack_refs: Words = []
