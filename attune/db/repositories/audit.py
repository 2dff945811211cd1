"""The audit trail: added to, searched, and nothing else."""

import json
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from attune.db.models import AuditEvent
from attune.db.repositories.base import Repository, equals, present
from attune.db.visibility import Columns, permitted
from attune.domain.audit import Actor, AuditCategory, AuditOutcome
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource

acting: Final[ContextVar[Actor | None]] = ContextVar("acting", default=None)
"""Who is behind the transactions of this task; None for the platform itself."""

MOST_OF_REQUEST: Final = 1_000

_READING: Final = frozenset({"GET", "HEAD"})

_ACT = text("SELECT set_config('attune.actor', :actor, true)")


async def act(session: AsyncSession) -> None:
    """Tell the table triggers of this transaction who acts, if anybody does."""
    actor = acting.get()
    if actor is not None and actor.method not in _READING:
        await session.execute(_ACT, {"actor": json.dumps(actor.facts())})


@dataclass(frozen=True, kw_only=True)
class AuditFilter:
    """Which records are wanted; None means any."""

    category: AuditCategory | None = None
    event_type: str | None = None
    outcome: AuditOutcome | None = None
    actor_identity: int | None = None
    actor_login: str | None = None
    resource_type: str | None = None
    resource_id: int | None = None
    resource_ref: str | None = None
    request_id: UUID | None = None
    http_status: int | None = None
    http_method: str | None = None
    http_path: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


COLUMNS = Columns(
    owner_identity_id=AuditEvent.actor_identity,
    ref=AuditEvent.resource_ref,
    id=AuditEvent.id,
)
"""What constraints on records are held against: they belong to who acted."""


def visible_records(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which a record exists for the caller."""
    return permitted(caller, Resource.AUDIT_LOG, Action.READ, COLUMNS)


class AuditRepository(Repository[AuditEvent]):
    """What was done, the newest first."""

    model = AuditEvent

    async def note(
        self,
        category: AuditCategory,
        event_type: str,
        outcome: AuditOutcome = AuditOutcome.SUCCESS,
        *,
        actor: Actor | None = None,
        http_status: int | None = None,
        resource: tuple[str, int | None, str | None] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Record what no table trigger sees, as the doing of whoever acts.

        Where nobody does, it is `actor`'s. `resource` is its type, its id and its ref.
        """
        who = acting.get() or actor or Actor()
        kind, number, ref = resource or (None, None, None)
        await self._session.execute(
            insert(AuditEvent).values(
                category=category,
                event_type=event_type,
                outcome=outcome,
                **_columns(who),
                http_status=http_status,
                resource_type=kind,
                resource_id=number,
                resource_ref=ref,
                details=dict(details or {}),
            )
        )

    async def page(
        self, request: PageRequest, wanted: AuditFilter, caller: Caller
    ) -> PageResult[AuditEvent]:
        """Return one page of what is wanted and exists for the caller."""
        conditions = present(*_conditions(wanted), visible_records(caller))
        return await self._page(request, conditions)

    async def of_request(
        self, request_id: UUID, caller: Caller
    ) -> Sequence[AuditEvent]:
        """Return everything one request did that exists for the caller, in order."""
        query = select(AuditEvent).where(
            AuditEvent.request_id == request_id, visible_records(caller)
        )
        return await self._all(query.order_by(AuditEvent.id).limit(MOST_OF_REQUEST))


def _columns(actor: Actor) -> dict[str, Any]:
    return {
        "actor_identity": actor.identity_id,
        "actor_login": actor.login,
        "actor_token_type": actor.token_type,
        "actor_execution": actor.execution_id,
        "actor_ip": actor.address,
        "actor_user_agent": actor.user_agent and actor.user_agent[:255],
        "request_id": actor.request_id and UUID(actor.request_id),
        "http_method": actor.method,
        "http_path": actor.path and actor.path[:255],
    }


def _conditions(wanted: AuditFilter) -> Sequence[ColumnElement[bool] | None]:
    exact = (
        *("category", "event_type", "outcome", "actor_identity", "actor_login"),
        *("resource_type", "resource_id", "resource_ref", "request_id"),
        *("http_status", "http_method", "http_path"),
    )
    after, before = wanted.created_after, wanted.created_before
    return [
        *(equals(getattr(AuditEvent, n), getattr(wanted, n)) for n in exact),
        None if after is None else AuditEvent.created >= after,
        None if before is None else AuditEvent.created < before,
    ]
