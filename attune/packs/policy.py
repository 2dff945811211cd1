"""The document of a policy, in the newer spelling and in the data-model document's."""

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, model_validator

from attune.domain.policy import PolicyMethod, PolicyScope
from attune.packs.fields import ComponentRef, Label, PackRef, Words, origin_of
from attune.packs.manifest import ComponentDocument, Document


class PolicyScopeDocument(Document):
    """What a policy applies to."""

    type: PolicyScope
    action_ref: ComponentRef | None = None
    pack_ref: PackRef | None = None


class ConcurrencyDocument(Document):
    """How many may run at once, and what becomes of more."""

    limit: Annotated[int, Field(ge=0)]
    method: PolicyMethod = PolicyMethod.ENQUEUE
    parameters: Words = []


class RateLimitDocument(Document):
    """How many may start in so many seconds."""

    max_executions: Annotated[int, Field(ge=1)]
    window_seconds: Annotated[int, Field(ge=1)]


class QuotaDocument(Document):
    """A limit of another kind."""

    quota_type: str
    limit: Annotated[int, Field(ge=0)]


class PolicyDocument(ComponentDocument):
    """Limits on executions, in either of the two spellings."""

    name: Label
    scope: PolicyScopeDocument
    concurrency: ConcurrencyDocument | None = None
    rate_limit: RateLimitDocument | None = None
    quotas: list[QuotaDocument] = []
    tags: Words = []
    priority: int = 0
    enabled: bool = True

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, document: Any, info: ValidationInfo) -> Any:
        """Rewrite the data-model document's `action`, `threshold`, `method`."""
        if not isinstance(document, dict):
            return document
        origin = origin_of(info)
        name = document.get("name") or document.get("label") or origin.stem
        return {"name": name, **_seed_policy(document), **document}


def _seed_policy(document: dict[str, Any]) -> dict[str, Any]:
    action = document.get("action_ref") or document.get("action")
    rewritten: dict[str, Any] = {
        "scope": {"type": "action", "action_ref": action}
        if action
        else {"type": "pack"}
    }
    if "threshold" in document:
        rewritten["concurrency"] = {
            "limit": document["threshold"],
            "method": document.get("method", "enqueue"),
            "parameters": document.get("parameters", []),
        }
    return rewritten
