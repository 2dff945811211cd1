"""What the API and a worker say to each other about the process of a sensor."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from attune.domain.json import JsonObject
from attune.runtimes.launch import RuntimeLaunch
from attune.runtimes.report import AttemptId

Number = Annotated[int, Field(ge=0, le=2**63 - 1, strict=True)]

_FROZEN = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class SensorToken(BaseModel):
    """A token of one generation of a sensor."""

    model_config = _FROZEN

    token: str = Field(repr=False)
    expires_at: datetime
    renew_in_seconds: float
    """When the worker has to ask for the next one."""


class SensorLaunch(BaseModel):
    """One start of a sensor; holds secrets, so its text leaves them out."""

    model_config = _FROZEN

    sensor_id: int
    sensor_ref: str
    generation: int
    pack_ref: str
    pack_hash: str | None = None
    entrypoint: str = Field(repr=False)
    """A file of the pack, or the code itself."""
    runtime: RuntimeLaunch
    trigger_refs: list[str]
    rules: list[JsonObject] = Field(default_factory=list, repr=False)
    """The rules active now, in the form of contract h."""
    config: JsonObject = Field(default_factory=dict, repr=False)
    secrets: list[str] = Field(default_factory=list, repr=False)
    """Texts that must not appear in any output."""
    token: SensorToken


class SensorStart(BaseModel):
    """Ask to start a generation; the attempt id lets a lost answer be asked again."""

    model_config = ConfigDict(frozen=True)

    generation: Number
    attempt_id: AttemptId
    worker_id: Number


class HostedSensor(BaseModel):
    """A process that a worker has."""

    model_config = ConfigDict(frozen=True)

    ref: Annotated[str, Field(min_length=1, max_length=255)]
    generation: Number


class SensorBeat(BaseModel):
    """The processes that a worker has."""

    model_config = ConfigDict(frozen=True)

    hosted: Annotated[list[HostedSensor], Field(max_length=10_000)]


class SensorOrders(BaseModel):
    """What the worker has to end."""

    model_config = _FROZEN

    stop: list[str]
    """To be asked first."""
    kill: list[str]
    """At once: another start may have taken their place."""


class SensorEnd(BaseModel):
    """How a process ended; repeating it changes nothing."""

    model_config = ConfigDict(frozen=True)

    generation: Number
    reason: Literal["failed", "stopped", "handed_over"]
    """`stopped` when it was asked to, `handed_over` when its worker goes away."""
    error: Annotated[str, Field(max_length=10_000)] | None = None
