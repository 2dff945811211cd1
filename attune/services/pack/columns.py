"""From the documents of a pack to the columns of its rows."""

from collections.abc import Mapping
from typing import Any

from attune.domain.executable import ENGINE
from attune.domain.policy import PolicyScope
from attune.domain.rule import canonical_conditions
from attune.packs.component import (
    ActionDocument,
    PermissionSetDocument,
    RuleDocument,
    RuntimeDocument,
    RuntimeVersionDocument,
    SensorDocument,
    TriggerDocument,
    WorkflowDocument,
)
from attune.packs.manifest import Document, PackManifest
from attune.packs.policy import PolicyDocument
from attune.packs.workflow_file import graph_of

Columns = dict[str, Any]

_OF_WORKFLOW = ("label", "description", "version", "param_schema", "out_schema", "tags")


def pack_columns(manifest: PackManifest) -> Columns:
    """Return everything but the configuration, which people may have changed."""
    columns = _columns(manifest, leave_out={"ref", "config", "testing"})
    if manifest.testing:
        columns["meta"] = {**manifest.meta, "testing": manifest.testing}
    return columns


def permission_set_columns(document: PermissionSetDocument) -> Columns:
    """Return the columns of a permission set."""
    return _columns(document)


def runtime_columns(document: RuntimeDocument) -> Columns:
    """Return the columns of a runtime, without its versions."""
    return {
        "name": document.name,
        "description": document.description,
        "aliases": document.aliases,
        "installation": document.installation,
        "distributions": _stored(document.distributions),
        "execution_config": _stored(document.execution_config),
    }


def version_columns(document: RuntimeVersionDocument) -> Columns:
    """Return the columns of one version of a runtime."""
    return {
        "is_default": document.is_default,
        "meta": document.meta,
        "distributions": _stored(document.distributions),
        "execution_config": _stored(document.execution_config),
    }


def trigger_columns(document: TriggerDocument) -> Columns:
    """Return the columns of a trigger, all but its webhook."""
    columns = _columns(document, leave_out={"webhook"})
    if "payload_check" not in document.model_fields_set:
        columns.pop("payload_check")
    return _switched(document, columns)


def action_columns(
    document: ActionDocument, runtimes: Mapping[str, str], workflow_id: int | None
) -> Columns:
    """Return the columns of an action, which runs its code or its workflow."""
    columns = _columns(document, leave_out={"runtime", "workflow_file"})
    columns["workflow_def_id"] = workflow_id
    columns["runtime_ref"] = (
        runtimes[document.runtime] if workflow_id is None else ENGINE
    )
    return _switched(document, columns)


def workflow_columns(document: WorkflowDocument, author_id: int | None) -> Columns:
    """Return the columns of a workflow; whoever installs it vouches for its graph."""
    columns = {name: getattr(document, name) for name in _OF_WORKFLOW}
    return {**columns, "definition": graph_of(document), "author_id": author_id}


def sensor_columns(document: SensorDocument, runtimes: Mapping[str, str]) -> Columns:
    """Return the columns of a sensor, which names the first of its triggers."""
    columns = _columns(document, leave_out={"runtime", "trigger_refs"})
    columns["runtime_ref"] = runtimes[document.runtime]
    columns["trigger_ref"] = next(iter(document.trigger_refs), None)
    return _switched(document, columns)


def rule_columns(document: RuleDocument, owner_id: int | None) -> Columns:
    """Return the columns of a rule, which acts for whoever installed it last."""
    conditions, condition = canonical_conditions(
        document.conditions, document.condition
    )
    columns = _columns(document)
    columns["conditions"] = [] if conditions is None else conditions
    columns["condition"] = condition
    columns["owner_identity_id"] = owner_id
    return _switched(document, columns)


def policy_columns(document: PolicyDocument) -> Columns:
    """Return the columns of a policy."""
    scope, concurrency, rate = (
        document.scope,
        document.concurrency,
        document.rate_limit,
    )
    limits: Columns = {
        "scope_type": scope.type,
        "action_ref": scope.action_ref if scope.type is PolicyScope.ACTION else None,
        "threshold": concurrency.limit if concurrency else None,
        "method": concurrency.method if concurrency else document.method,
        "parameters": document.groups_by,
        "rate_limit_max_executions": rate.max_executions if rate else None,
        "rate_limit_window_seconds": rate.window_seconds if rate else None,
        "quotas": [quota.model_dump() for quota in document.quotas],
    }
    columns = _columns(document, leave_out={"scope", "concurrency", "rate_limit"})
    return _switched(document, {**columns, **limits})


def _columns(document: Document, leave_out: set[str] | None = None) -> Columns:
    excluded = {"ref"} | (leave_out or set())
    names = document.__class__.model_fields.keys() - excluded
    return {name: getattr(document, name) for name in names}


def _switched(document: Document, columns: Columns) -> Columns:
    """Leave `enabled` as people switched it, where the file says nothing of it."""
    if "enabled" not in document.model_fields_set:
        columns.pop("enabled", None)
    return columns


def _stored(document: Any) -> Columns:
    """Return a nested document as it was written; nothing for one that is absent."""
    if document is None:
        return {}
    stored: Columns = document.model_dump(mode="json", exclude_unset=True)
    return stored
