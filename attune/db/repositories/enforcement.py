"""Enforcements."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select

from attune.db.models import Enforcement
from attune.db.repositories.base import Repository, equals, present
from attune.db.repositories.listing import page_of_columns
from attune.db.visibility import Columns, in_visible_home, permitted
from attune.domain.enforcement import EnforcementStatus
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource

COLUMNS = Columns(
    pack_ref=func.split_part(Enforcement.rule_ref, ".", 1),
    owner_identity_id=Enforcement.owner_identity_id,
    ref=Enforcement.rule_ref,
    id=Enforcement.id,
)
"""What constraints on enforcements are held against: they belong to their rule."""

_SUMMARY = select(
    Enforcement.id,
    Enforcement.rule_id.label("rule"),
    Enforcement.rule_ref,
    Enforcement.trigger_ref,
    Enforcement.event_id.label("event"),
    Enforcement.status,
    Enforcement.condition,
    Enforcement.trace_tag,
    Enforcement.created,
)


@dataclass(frozen=True, kw_only=True)
class EnforcementFilter:
    """Which enforcements are wanted; None means any."""

    rule_id: int | None = None
    event_id: int | None = None
    status: EnforcementStatus | None = None
    trigger_ref: str | None = None
    rule_ref: str | None = None
    trace_tag: str | None = None


def visible_enforcements(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which an enforcement exists for the caller."""
    return and_(
        in_visible_home(
            caller, Enforcement.home_pack_id, Enforcement.owner_identity_id
        ),
        permitted(caller, Resource.ENFORCEMENTS, Action.READ, COLUMNS),
    )


class EnforcementRepository(Repository[Enforcement]):
    """The enforcements, newest first."""

    model = Enforcement

    async def page(
        self,
        request: PageRequest,
        wanted: EnforcementFilter | None = None,
        *,
        among: ColumnElement[bool] | None = None,
    ) -> PageResult[Row[Any]]:
        """Return one page of what is wanted, without payloads and parameters."""
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
        return await page_of_columns(
            self._session, request, _SUMMARY, conditions, Enforcement.id.desc()
        )
