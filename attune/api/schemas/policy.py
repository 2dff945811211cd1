"""Policies as clients write them and read them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, model_validator

from attune.api.schemas.definition import (
    LARGEST_LIMIT,
    Creation,
    Description,
    Label,
    RefText,
    Tags,
)
from attune.api.schemas.envelope import Body, Flag, ListOrEmpty, Omitted, Read
from attune.api.schemas.patch import Patch, Update
from attune.db.models.policy import Policy
from attune.domain.policy import (
    LONGEST_PARAMETER,
    MOST_PARAMETERS,
    MOST_QUOTAS,
    PolicyMethod,
    PolicyScope,
    translate_seed_policy,
)

LONGEST_WINDOW_SECONDS = 366 * 86400

Number = Annotated[int, Field(ge=0, le=LARGEST_LIMIT, strict=True)]
Priority = Annotated[int, Field(ge=-LARGEST_LIMIT, le=LARGEST_LIMIT, strict=True)]
ParameterNames = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=LONGEST_PARAMETER)]],
    Field(max_length=MOST_PARAMETERS),
]


class PolicyScopeRequest(Body):
    """What the policy limits."""

    type: PolicyScope
    action_ref: RefText | None = None
    pack_ref: RefText | None = None


class ConcurrencyPolicyRequest(Body):
    """How many may run at once, and what becomes of more."""

    limit: Number
    method: PolicyMethod = PolicyMethod.ENQUEUE
    parameters: ParameterNames = []
    """Parameters, perhaps nested ones, whose values form groups counted apart."""


class RateLimitPolicyRequest(Body):
    """How many may start in so many seconds."""

    max_executions: Annotated[int, Field(ge=1, le=LARGEST_LIMIT, strict=True)]
    window_seconds: Annotated[int, Field(ge=1, le=LONGEST_WINDOW_SECONDS, strict=True)]


class QuotaPolicyRequest(Body):
    """A limit of another kind; all executions are counted together."""

    quota_type: Annotated[str, Field(min_length=1, max_length=64)]
    limit: Number


Quotas = Annotated[list[QuotaPolicyRequest], Field(max_length=MOST_QUOTAS)]


class CreatePolicyRequest(Creation):
    """A new policy, in this spelling or in the data-model document's."""

    ref: RefText
    name: Label
    description: Description | None = None
    scope: PolicyScopeRequest
    priority: Priority | None = None
    enabled: Flag | None = None
    tags: Tags | None = None
    concurrency: ConcurrencyPolicyRequest | None = None
    rate_limit: RateLimitPolicyRequest | None = None
    quotas: Quotas | None = None
    method: PolicyMethod | None = None
    """For a policy without `concurrency`: what becomes of more than its rate."""
    parameters: ParameterNames | None = None
    """For a policy without `concurrency`: what forms its groups."""

    @model_validator(mode="before")
    @classmethod
    def _newer_spelling(cls, document: Any) -> Any:
        if not isinstance(document, dict):
            return document
        name = document.get("label") or document.get("ref")
        return {"name": name, **translate_seed_policy(document)}

    def columns(self) -> dict[str, Any]:
        """Return what the row is given."""
        given = self.given()
        scope: PolicyScopeRequest = given.pop("scope")
        about: dict[str, Any] = {"scope_type": scope.type}
        if scope.type is PolicyScope.ACTION:
            about["action_ref"] = scope.action_ref
        if scope.type is PolicyScope.PACK:
            about["pack_ref"] = scope.pack_ref
        return _flat(given) | about


class UpdatePolicyRequest(Update):
    """Changes of a policy; what it limits stays."""

    name: Label | None = None
    description: Patch[Description] = None
    priority: Priority | None = None
    enabled: Flag | None = None
    tags: Tags | None = None
    concurrency: Patch[ConcurrencyPolicyRequest] = None
    rate_limit: Patch[RateLimitPolicyRequest] = None
    quotas: Patch[Quotas] = None
    threshold: Patch[Number] = None
    """The limit of `concurrency` alone."""
    method: PolicyMethod | None = None
    parameters: ParameterNames | None = None

    def columns(self) -> dict[str, Any]:
        """Return what the row is given; None takes a value away."""
        return _flat(self.changes())


class PolicyScopeResponse(Read):
    """What the policy limits."""

    type: PolicyScope
    action: int | None = None
    action_ref: str | None = None
    pack: int | None = None
    pack_ref: str | None = None


class ConcurrencyPolicyResponse(Read):
    """How many may run at once, and what becomes of more."""

    limit: int
    method: PolicyMethod
    parameters: list[str]


class RateLimitPolicyResponse(Read):
    """How many may start in so many seconds."""

    max_executions: int
    window_seconds: int


class QuotaPolicyResponse(Read):
    """A limit of another kind."""

    quota_type: str
    limit: int


class PolicySummary(Read):
    """A policy, in both spellings."""

    id: int
    ref: str
    name: str
    description: str | None
    scope: PolicyScopeResponse
    priority: int
    enabled: bool
    concurrency: ConcurrencyPolicyResponse | None
    rate_limit: RateLimitPolicyResponse | None
    quotas: list[QuotaPolicyResponse]
    tags: ListOrEmpty[str]
    pack: int | None
    pack_ref: str | None
    action: int | None
    action_ref: str | None
    threshold: int | None
    method: PolicyMethod
    parameters: ListOrEmpty[str]
    is_adhoc: bool
    created: datetime
    updated: datetime


class QueueStatsResponse(Read):
    """How the executions of an action stand."""

    action_id: int
    action_ref: str
    active_count: int
    max_concurrent: int
    """The lowest limit that bears on it; 2147483647 where there is none."""
    queue_length: int
    total_enqueued: int
    total_completed: int
    oldest_enqueued_at: Omitted[datetime]
    last_updated: datetime
    policies: list[str]


def policy_summary(policy: Policy) -> PolicySummary:
    """Show one policy."""
    return PolicySummary(
        id=policy.id,
        ref=policy.ref,
        name=policy.name,
        description=policy.description,
        scope=_scope(policy),
        priority=policy.priority,
        enabled=policy.enabled,
        concurrency=_concurrency(policy),
        rate_limit=_rate_limit(policy),
        quotas=policy.quotas,
        tags=policy.tags,
        pack=policy.pack_id,
        pack_ref=policy.pack_ref,
        action=policy.action_id,
        action_ref=policy.action_ref,
        threshold=policy.threshold,
        method=policy.method,
        parameters=policy.parameters,
        is_adhoc=policy.is_adhoc,
        created=policy.created,
        updated=policy.updated,
    )


def _scope(policy: Policy) -> PolicyScopeResponse:
    shown = PolicyScopeResponse(type=policy.scope_type)
    if policy.scope_type is PolicyScope.ACTION:
        shown.action, shown.action_ref = policy.action_id, policy.action_ref
    if policy.scope_type is PolicyScope.PACK:
        shown.pack, shown.pack_ref = policy.pack_id, policy.pack_ref
    return shown


def _concurrency(policy: Policy) -> ConcurrencyPolicyResponse | None:
    if policy.threshold is None:
        return None
    return ConcurrencyPolicyResponse(
        limit=policy.threshold, method=policy.method, parameters=policy.parameters
    )


def _rate_limit(policy: Policy) -> RateLimitPolicyResponse | None:
    if policy.rate_limit_max_executions is None:
        return None
    return RateLimitPolicyResponse(
        max_executions=policy.rate_limit_max_executions,
        window_seconds=policy.rate_limit_window_seconds or 0,
    )


def _flat(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that the nested fields stand for; None clears them."""
    columns = dict(given)
    if "rate_limit" in columns:
        rate = columns.pop("rate_limit")
        columns["rate_limit_max_executions"] = rate and rate.max_executions
        columns["rate_limit_window_seconds"] = rate and rate.window_seconds
    if "concurrency" in columns:
        concurrency = columns.pop("concurrency")
        columns["threshold"] = None
        if concurrency is not None:
            columns["threshold"] = concurrency.limit
            columns["method"] = concurrency.method
            columns["parameters"] = concurrency.parameters
    if "quotas" in columns:
        columns["quotas"] = [quota.model_dump() for quota in columns["quotas"] or []]
    return columns
