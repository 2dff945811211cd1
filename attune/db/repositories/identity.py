"""Identities, their roles and their integration tokens."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, or_, select, update

from attune.db.models import (
    Identity,
    IdentityRole,
    IntegrationToken,
    Pack,
    PermissionSet,
    Rule,
)
from attune.db.repositories.base import Repository, equals, present
from attune.db.visibility import Columns, permitted
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource

COLUMNS = Columns(id=Identity.id, ref=Identity.login, owner_identity_id=Identity.id)
"""What constraints on identities are held against: everybody is their own."""


def visible_identities(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which an identity exists for the caller."""
    return permitted(caller, Resource.IDENTITIES, Action.READ, COLUMNS)


class IdentityRepository(Repository[Identity]):
    """The identities."""

    model = Identity
    newest_first = False

    async def find_by_login(self, login: str) -> Identity | None:
        """Return the identity of this login, or None."""
        return await self._one(select(Identity).where(Identity.login == login), None)

    async def get_by_login(
        self, login: str, *, among: ColumnElement[bool] | None = None
    ) -> Identity:
        """Return the identity of this login, or raise NotFound."""
        query = select(Identity).where(Identity.login == login)
        return self._found(await self._one(query, among), login)

    async def page(
        self,
        request: PageRequest,
        q: str | None = None,
        *,
        frozen: bool | None = None,
        among: ColumnElement[bool] | None = None,
    ) -> PageResult[Identity]:
        """Return one page of identities whose login or name contains `q`."""
        conditions = present(equals(Identity.frozen, frozen), among)
        if q:
            conditions.append(
                or_(
                    Identity.login.icontains(q, autoescape=True),
                    Identity.display_name.icontains(q, autoescape=True),
                )
            )
        return await self._page(request, conditions)

    async def hand_over(self, owner_id: int, successor_id: int) -> None:
        """Give the packs, rules and permission sets of one identity to another."""
        for model in (Pack, Rule, PermissionSet):
            await self._session.execute(
                update(model)
                .where(model.owner_identity_id == owner_id)
                .values(owner_identity_id=successor_id)
                .execution_options(synchronize_session=False)
            )


class IdentityRoleRepository(Repository[IdentityRole]):
    """The role names of identities."""

    model = IdentityRole

    async def find_by_identity(self, identity_id: int) -> Sequence[IdentityRole]:
        """Return the roles of an identity."""
        return await self.find_by_identities([identity_id])

    async def find_by_identities(
        self, identity_ids: Collection[int]
    ) -> Sequence[IdentityRole]:
        """Return the roles of several identities."""
        query = select(IdentityRole).where(IdentityRole.identity_id.in_(identity_ids))
        return await self._all(query.order_by(IdentityRole.id))


class IntegrationTokenRepository(Repository[IntegrationToken]):
    """The integration tokens, of which only hashes are kept."""

    model = IntegrationToken

    async def find_by_identity(self, identity_id: int) -> Sequence[IntegrationToken]:
        """Return the tokens of an identity, newest first."""
        query = select(IntegrationToken).where(
            IntegrationToken.identity_id == identity_id
        )
        return await self._all(query.order_by(IntegrationToken.id.desc()))
