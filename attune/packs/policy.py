"""The document of a policy, in the newer spelling and in the data-model document's."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from attune.domain.policy import (
    LONGEST_PARAMETER,
    MOST_PARAMETERS,
    MOST_QUOTAS,
    PolicyMethod,
    PolicyScope,
    PolicyText,
    check_policy,
    translate_seed_policy,
)
from attune.packs.fields import (
    MAX_LIMIT,
    ComponentRef,
    Label,
    Limit,
    PackRef,
    Words,
    as_list,
    origin_of,
)
from attune.packs.manifest import ComponentDocument, Document

LONGEST_WINDOW_SECONDS = 366 * 86_400

Number = Annotated[int, Field(ge=0, le=MAX_LIMIT)]
ParameterNames = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=LONGEST_PARAMETER)]],
    BeforeValidator(as_list),
    Field(max_length=MOST_PARAMETERS),
]


class PolicyScopeDocument(Document):
    """What a policy applies to."""

    type: PolicyScope
    action_ref: ComponentRef | None = None
    pack_ref: PackRef | None = None


class ConcurrencyDocument(Document):
    """How many may run at once, and what becomes of more."""

    limit: Number
    method: PolicyMethod = PolicyMethod.ENQUEUE
    parameters: ParameterNames = []


class RateLimitDocument(Document):
    """How many may start in so many seconds."""

    max_executions: Limit
    window_seconds: Annotated[int, Field(ge=1, le=LONGEST_WINDOW_SECONDS)]


class QuotaDocument(Document):
    """A limit of another kind."""

    quota_type: str
    limit: Number


class PolicyDocument(ComponentDocument):
    """Limits on executions, in either of the two spellings."""

    name: Label
    scope: PolicyScopeDocument
    concurrency: ConcurrencyDocument | None = None
    rate_limit: RateLimitDocument | None = None
    quotas: Annotated[list[QuotaDocument], Field(max_length=MOST_QUOTAS)] = []
    method: PolicyMethod = PolicyMethod.ENQUEUE
    """For a policy without `concurrency`: what becomes of more than its rate."""
    parameters: ParameterNames = []
    """For a policy without `concurrency`: what forms its groups."""
    tags: Words = []
    priority: Annotated[int, Field(ge=-MAX_LIMIT, le=MAX_LIMIT)] = 0
    enabled: bool = True

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, document: Any, info: ValidationInfo) -> Any:
        """Rewrite the data-model document's `action`, `threshold`, `method`."""
        if not isinstance(document, dict):
            return document
        origin = origin_of(info)
        name = document.get("name") or document.get("label") or origin.stem
        return {"name": name, **translate_seed_policy(document)}

    @property
    def groups_by(self) -> list[str]:
        """The parameters whose values form groups."""
        return self.concurrency.parameters if self.concurrency else self.parameters


def policy_problems(
    document: PolicyDocument, pack_ref: str, secret: frozenset[str] = frozenset()
) -> list[str]:
    """Return what is wrong with a pack's policy, given what is secret in its scope."""
    return check_policy(
        PolicyText(
            scope=document.scope.type,
            action_ref=document.scope.action_ref,
            pack_ref=document.scope.pack_ref or pack_ref,
            has_threshold=document.concurrency is not None,
            has_rate=document.rate_limit is not None,
            parameters=document.groups_by,
            quota_types=[quota.quota_type for quota in document.quotas],
            secret=secret,
        )
    )
