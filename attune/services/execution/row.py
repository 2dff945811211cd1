"""From what somebody wants executed to the row that says so."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from attune.domain.executable import ExecutableAction
from attune.domain.execution import ExecutionStatus
from attune.domain.json import Json
from attune.domain.parameters import prepare_parameters


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where an execution comes from."""

    executor_id: int | None = None
    parent_id: int | None = None
    enforcement_id: int | None = None
    rule_ref: str | None = None
    trigger_ref: str | None = None
    trace_tag: str | None = None


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the caller wants to be different from the action's defaults."""

    env_vars: Mapping[str, str] = field(default_factory=dict)
    permission_set_refs: list[str] | None = None
    timeout_seconds: int | None = None
    worker_selector: Mapping[str, Any] | None = None
    worker_tolerations: list[Any] | None = None
    worker_affinity: Mapping[str, Any] | None = None
    artifact_retention_policy: str | None = None
    artifact_retention_limit: int | None = None


@dataclass(frozen=True)
class PreparedExecution:
    """A row to write, and the secrets to encrypt beside it."""

    row: dict[str, Any]
    secrets: Mapping[str, Json]


def prepare_execution(
    action: ExecutableAction,
    given: Mapping[str, Json],
    origin: Origin,
    terms: Terms,
    *,
    now: datetime,
    referring: Collection[str] = (),
) -> PreparedExecution:
    """Return the row: requested, or failed at once with what is wrong about it.

    What parameters that are `referring` to secrets hold is not known yet.
    """
    parameters = prepare_parameters(action.param_schema, given, referring)
    obstacle = action.obstacle() or parameters.problem
    row: dict[str, Any] = {
        "action_id": action.id,
        "action_ref": action.ref,
        "pack_ref": action.pack_ref,
        "runtime_ref": action.runtime_ref,
        "config": parameters.config,
        **_origin(origin),
        **_terms(terms),
        "timeout_seconds": action.limit_seconds(terms.timeout_seconds),
        **_standing(obstacle, now),
    }
    return PreparedExecution(row, parameters.secrets)


def _standing(obstacle: str | None, now: datetime) -> dict[str, Any]:
    if obstacle is None:
        return {
            "status": ExecutionStatus.REQUESTED,
            "result": None,
            "finished_at": None,
        }
    return {
        "status": ExecutionStatus.FAILED,
        "result": {"succeeded": False, "error": obstacle},
        "finished_at": now,
    }


def _origin(origin: Origin) -> dict[str, Any]:
    return {
        "executor_id": origin.executor_id,
        "parent_id": origin.parent_id,
        "enforcement_id": origin.enforcement_id,
        "rule_ref": origin.rule_ref,
        "trigger_ref": origin.trigger_ref,
        "trace_tag": origin.trace_tag,
    }


def _terms(terms: Terms) -> dict[str, Any]:
    return {
        "env_vars": dict(terms.env_vars),
        "permission_set_refs": terms.permission_set_refs,
        "worker_selector": terms.worker_selector,
        "worker_tolerations": terms.worker_tolerations,
        "worker_affinity": terms.worker_affinity,
        "artifact_retention_policy": terms.artifact_retention_policy,
        "artifact_retention_limit": terms.artifact_retention_limit,
    }
