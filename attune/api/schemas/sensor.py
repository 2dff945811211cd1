"""Sensors as clients write them and read them, with their processes and logs."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from attune.api.schemas.definition import (
    Creation,
    Description,
    Label,
    RefList,
    RefText,
    RetentionLimit,
    RowId,
)
from attune.api.schemas.envelope import Flag, ListOrEmpty, ObjectOrEmpty, Read
from attune.api.schemas.patch import Patch, Update
from attune.api.schemas.placement import Kept, WorkerAffinity, WorkerToleration
from attune.domain.artifact import RetentionPolicyType
from attune.domain.sensor import SensorState
from attune.services.sensor.log import SensorLog
from attune.services.sensor.view import SensorView

Source = Annotated[str, Field(min_length=1, max_length=256_000)]
Constraint = Annotated[str, Field(min_length=1, max_length=255)]


class CreateSensorRequest(Creation):
    """A new sensor."""

    ref: RefText
    pack_ref: RefText
    label: Label
    description: Description | None = None
    entrypoint: Source
    """A file below the pack's `sensors/`, or the code itself."""
    runtime_ref: RefText
    runtime_version_constraint: Constraint | None = None
    trigger_ref: RefText
    """What it emits; more of them in `trigger_refs`."""
    trigger_refs: RefList | None = None
    enabled: Flag | None = None
    param_schema: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    worker_selector: dict[str, str] | None = None
    worker_tolerations: list[Kept[WorkerToleration]] | None = None
    worker_affinity: Kept[WorkerAffinity] | None = None
    log_retention_policy: RetentionPolicyType | None = None
    log_retention_limit: RetentionLimit | None = None
    artifact_retention_policy: RetentionPolicyType | None = None
    artifact_retention_limit: RetentionLimit | None = None


class UpdateSensorRequest(Update):
    """Changes of a sensor; a process that they concern starts anew."""

    label: Label | None = None
    description: Patch[Description] = None
    entrypoint: Source | None = None
    runtime: RowId | None = None
    runtime_ref: RefText | None = None
    runtime_version_constraint: Patch[Constraint] = None
    enabled: Flag | None = None
    param_schema: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    worker_selector: dict[str, str] | None = None
    worker_tolerations: list[Kept[WorkerToleration]] | None = None
    worker_affinity: Kept[WorkerAffinity] | None = None
    log_retention_policy: Patch[RetentionPolicyType] = None
    log_retention_limit: Patch[RetentionLimit] = None
    artifact_retention_policy: Patch[RetentionPolicyType] = None
    artifact_retention_limit: Patch[RetentionLimit] = None


class SensorSummary(Read):
    """A sensor in a list, and whether it runs."""

    id: int
    ref: str
    pack_ref: str | None
    label: str
    description: str | None
    enabled: bool
    trigger_ref: str | None
    """The first of its triggers."""
    trigger_refs: list[str]
    runtime_ref: str
    state: SensorState
    state_reason: str | None
    """Why it does not run; null when it does."""
    rule_count: int
    """Enabled rules that need it."""
    worker: int | None
    worker_name: str | None
    running_since: datetime | None
    failure_count: int
    """Failures in a row."""
    start_count: int
    next_start_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    log_retention_policy: RetentionPolicyType | None
    log_retention_limit: int | None
    artifact_retention_policy: RetentionPolicyType | None
    artifact_retention_limit: int | None
    created: datetime
    updated: datetime


class SensorResponse(SensorSummary):
    """A sensor with everything it says about itself."""

    pack: int | None
    is_adhoc: bool
    entrypoint: str
    runtime: int
    runtime_version_constraint: str | None
    trigger: int | None
    param_schema: ObjectOrEmpty
    config: ObjectOrEmpty
    """Without the values of what is secret."""
    worker_selector: ObjectOrEmpty
    worker_tolerations: ListOrEmpty[dict[str, Any]]
    worker_affinity: ObjectOrEmpty


class SensorLogSummary(Read):
    """One stream of a sensor's log, as far as it is kept."""

    stream: str
    artifact_ref: str
    segment_count: int
    size_bytes: int
    start_offset: int
    """Where what is kept begins in all that the sensor ever wrote."""
    end_offset: int
    updated: datetime | None


class SensorLogs(Read):
    """Both streams of a sensor's log."""

    sensor_ref: str
    logs: list[SensorLogSummary]


def sensor_summary(view: SensorView) -> SensorSummary:
    """Show a sensor in a list."""
    return SensorSummary.model_validate(_fields(view))


def sensor_response(view: SensorView) -> SensorResponse:
    """Show one sensor."""
    sensor = view.sensor
    return SensorResponse.model_validate(
        {
            **_fields(view),
            "pack": sensor.pack_id,
            "runtime": sensor.runtime_id or 0,
            "trigger": sensor.trigger_id,
            "config": dict(view.config),
        }
    )


def sensor_log_summary(log: SensorLog) -> SensorLogSummary:
    """Show one stream."""
    extent = log.extent
    return SensorLogSummary(
        stream=log.stream,
        artifact_ref=log.artifact_ref,
        segment_count=extent.segment_count,
        size_bytes=extent.end - extent.start,
        start_offset=extent.start,
        end_offset=extent.end,
        updated=extent.updated,
    )


def _fields(view: SensorView) -> dict[str, Any]:
    process = view.process
    return {
        **{name: getattr(view.sensor, name) for name in _OWN},
        "runtime_ref": view.sensor.runtime_ref or "",
        "trigger_refs": process.trigger_refs,
        "state": process.state,
        "state_reason": view.state_reason,
        "rule_count": process.need.rule_count,
        "worker": process.worker_id,
        "worker_name": process.worker_name,
        "running_since": process.started_at,
        "failure_count": process.failure_count,
        "start_count": process.start_count,
        "next_start_at": process.next_start_at,
        "last_error": process.last_error,
        "last_error_at": process.last_error_at,
    }


_OWN = (
    "id",
    "ref",
    "pack_ref",
    "label",
    "description",
    "enabled",
    "trigger_ref",
    "is_adhoc",
    "entrypoint",
    "runtime_version_constraint",
    "param_schema",
    "worker_selector",
    "worker_tolerations",
    "worker_affinity",
    "log_retention_policy",
    "log_retention_limit",
    "artifact_retention_policy",
    "artifact_retention_limit",
    "created",
    "updated",
)
