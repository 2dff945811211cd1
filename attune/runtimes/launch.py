"""What the API tells a worker when it starts an execution: all that a process needs."""

from pydantic import BaseModel, ConfigDict, Field

from attune.domain.action import (
    OnWorkerLoss,
    OutputFormat,
    ParameterDelivery,
    ParameterFormat,
)
from attune.domain.executable import DEFAULT_TIMEOUT_SECONDS
from attune.domain.json import JsonObject
from attune.domain.runtime import ExecutionConfig

_FROZEN = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class RuntimeLaunch(BaseModel):
    """The runtime in the version that was chosen."""

    model_config = _FROZEN

    ref: str
    name: str
    version: str | None = None
    """None when the runtime has no versions, or none was asked for."""
    execution_config: ExecutionConfig = ExecutionConfig()
    """The version's own, if it has one, else the runtime's."""


class ActionLaunch(BaseModel):
    """One attempt at one execution; holds secrets, so its text leaves them out."""

    model_config = _FROZEN

    execution_id: int
    attempt_count: int = 1
    """Which attempt this is; the first is 1."""
    action_ref: str
    pack_ref: str
    pack_version: str | None = None
    pack_hash: str | None = None
    """Content hash of the pack's bundle."""
    entrypoint: str = Field(repr=False)
    """A file of the pack, or the code itself."""
    runtime: RuntimeLaunch

    parameters: JsonObject = Field(default_factory=dict, repr=False)
    """Resolved, with the values of secrets and of the keys that the action owns."""
    secret_parameters: tuple[str, ...] = ()
    """Names of the parameters whose values must not appear in any output."""
    parameter_delivery: ParameterDelivery = ParameterDelivery.STDIN
    parameter_format: ParameterFormat = ParameterFormat.JSON
    output_format: OutputFormat = OutputFormat.TEXT

    timeout_seconds: int = Field(default=DEFAULT_TIMEOUT_SECONDS, gt=0)
    on_worker_loss: OnWorkerLoss = OnWorkerLoss.ABANDON

    environment: dict[str, str] = Field(default_factory=dict, repr=False)
    """The request's own variables; names that begin with ATTUNE_ are left out."""
    token: str | None = Field(default=None, repr=False)
    """The execution's token; None when it was given no permissions."""
    rule_ref: str | None = None
    trigger_ref: str | None = None
    context: JsonObject = Field(default_factory=dict, repr=False)
    """What else the process finds as ATTUNE_CONTEXT_<KEY>."""
