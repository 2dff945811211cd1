"""The audit trail, as it is searched and shown."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from attune.api.parameters import QueryId
from attune.api.schemas.envelope import Body, Omitted, Read
from attune.api.schemas.moment import AwareMoment
from attune.db.repositories.audit import AuditFilter
from attune.domain.audit import AuditCategory, AuditOutcome

Text = Annotated[str | None, Field(max_length=255)]


class AuditQuery(Body):
    """Which records are wanted."""

    category: AuditCategory | None = None
    event_type: Text = None
    """Such as `rule.updated`."""
    outcome: AuditOutcome | None = None
    actor_identity: QueryId = None
    actor_login: Text = None
    resource_type: Text = None
    resource_id: QueryId = None
    resource_ref: Text = None
    request_id: UUID | None = None
    http_status: QueryId = None
    http_method: Text = None
    http_path: Text = None
    created_after: AwareMoment | None = None
    created_before: AwareMoment | None = None
    include_total: bool = False

    def wanted(self) -> AuditFilter:
        """Return the filter that the query describes."""
        return AuditFilter(**self.model_dump(exclude={"include_total"}))


class AuditEventSummary(Read):
    """A record in a list."""

    id: int
    created: datetime
    category: AuditCategory
    event_type: str
    outcome: AuditOutcome
    actor_identity: Omitted[int]
    actor_login: Omitted[str]
    resource_type: Omitted[str]
    resource_id: Omitted[int]
    resource_ref: Omitted[str]
    request_id: Omitted[UUID]
    http_method: Omitted[str]
    http_path: Omitted[str]
    http_status: Omitted[int]


class AuditEventResponse(AuditEventSummary):
    """A record with everything there is of it."""

    actor_token_type: Omitted[str]
    actor_execution: Omitted[int]
    """The execution that did it with its own token."""
    actor_ip: Omitted[str]
    actor_user_agent: Omitted[str]
    details: dict[str, Any]
    correlation_chain: dict[str, Any] | None = None
