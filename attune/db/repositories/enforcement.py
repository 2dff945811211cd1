"""Enforcements."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement

from attune.db.models import Enforcement
from attune.db.repositories.base import Repository, equals, present
from attune.domain.enforcement import EnforcementStatus
from attune.domain.page import PageRequest, PageResult


@dataclass(frozen=True, kw_only=True)
class EnforcementFilter:
    """Which enforcements are wanted; None means any."""

    rule_id: int | None = None
    event_id: int | None = None
    status: EnforcementStatus | None = None
    trigger_ref: str | None = None
    rule_ref: str | None = None
    trace_tag: str | None = None


class EnforcementRepository(Repository[Enforcement]):
    """The enforcements, newest first."""

    model = Enforcement

    async def page(
        self,
        request: PageRequest,
        wanted: EnforcementFilter | None = None,
        *,
        among: ColumnElement[bool] | None = None,
    ) -> PageResult[Enforcement]:
        """Return one page of what is wanted."""
        wanted = wanted or EnforcementFilter()
        conditions = present(
            equals(Enforcement.rule_id, wanted.rule_id),
            equals(Enforcement.event_id, wanted.event_id),
            equals(Enforcement.status, wanted.status),
            equals(Enforcement.trigger_ref, wanted.trigger_ref),
            equals(Enforcement.rule_ref, wanted.rule_ref),
            equals(Enforcement.trace_tag, wanted.trace_tag),
            among,
        )
        return await self._page(request, conditions)
