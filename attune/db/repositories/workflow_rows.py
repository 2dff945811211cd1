"""What rows say of the execution of a workflow and those of its tasks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from attune.domain.execution import ExecutionKind, ExecutionStatus
from attune.domain.json import JsonObject


@dataclass(frozen=True, kw_only=True)
class LockedWorkflow:
    """The execution of a workflow, under lock."""

    id: int
    status: ExecutionStatus
    action_ref: str
    pack_ref: str | None
    config: JsonObject
    executor: int | None
    trace_tag: str | None
    timeout_seconds: int | None
    started_at: datetime | None
    workflow_id: str | None
    parent: int | None
    awaited: bool
    secret_references: list[Any] | None
    param_schema: JsonObject
    author: int | None
    """Who had written the workflow when it was requested."""
    read_at: datetime
    """By the database's clock."""


@dataclass(frozen=True, kw_only=True)
class EndedChild:
    """A task's execution that has ended."""

    id: int
    status: ExecutionStatus
    workflow_task: dict[str, Any]
    original_execution: int | None
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class CarriedExecution:
    """What the run has to know of an execution that it carries."""

    id: int
    action_ref: str
    runtime_ref: str | None
    timeout_seconds: int
    task_name: str | None
    kind: ExecutionKind
    activity_of: int | None = None


@dataclass(frozen=True, kw_only=True)
class AwaitedChild:
    """A task's execution whose end the workflow has not taken note of."""

    id: int
    status: ExecutionStatus
    workflow_id: str | None
    kind: ExecutionKind


# What has not begun ends here and now, and so does a question that nobody answered.


def locked_workflow(facts: dict[str, Any]) -> LockedWorkflow:
    """Return what a row with the facts of a locked workflow says."""
    del facts["holds_policies"]
    facts["status"] = ExecutionStatus(facts["status"])
    facts["param_schema"] = facts["param_schema"] or {}
    return LockedWorkflow(**facts)


def ended_child(row: Row[Any]) -> EndedChild:
    """Return what a row of an end says."""
    facts = row._asdict()
    facts["status"] = ExecutionStatus(facts["status"])
    return EndedChild(**facts)


def awaited_child(row: Row[Any]) -> AwaitedChild:
    """Return what a row of a stopped execution says."""
    facts = row._asdict()
    facts["status"] = ExecutionStatus(facts["status"])
    facts["kind"] = ExecutionKind(facts["kind"])
    return AwaitedChild(**facts)


def carried_execution(row: Row[Any]) -> CarriedExecution:
    """Return what a row of an order says."""
    facts = row._asdict()
    facts["kind"] = ExecutionKind(facts["kind"])
    return CarriedExecution(**facts)
