"""Identities, their roles and their integration tokens."""

from collections.abc import Sequence

from sqlalchemy import or_, select

from attune.db.models import Identity, IdentityRole, IntegrationToken
from attune.db.repositories.base import Repository
from attune.domain.page import PageRequest, PageResult


class IdentityRepository(Repository[Identity]):
    """The identities."""

    model = Identity
    newest_first = False

    async def find_by_login(self, login: str) -> Identity | None:
        """Return the identity of this login, or None."""
        return await self._one(select(Identity).where(Identity.login == login), None)

    async def get_by_login(self, login: str) -> Identity:
        """Return the identity of this login, or raise NotFound."""
        return self._found(await self.find_by_login(login), login)

    async def page(
        self, request: PageRequest, q: str | None = None
    ) -> PageResult[Identity]:
        """Return one page of identities whose login or name contains `q`."""
        conditions = []
        if q:
            conditions = [
                or_(
                    Identity.login.icontains(q, autoescape=True),
                    Identity.display_name.icontains(q, autoescape=True),
                )
            ]
        return await self._page(request, conditions)


class IdentityRoleRepository(Repository[IdentityRole]):
    """The role names of identities."""

    model = IdentityRole

    async def find_by_identity(self, identity_id: int) -> Sequence[IdentityRole]:
        """Return the roles of an identity."""
        query = select(IdentityRole).where(IdentityRole.identity_id == identity_id)
        return await self._all(query.order_by(IdentityRole.id))


class IntegrationTokenRepository(Repository[IntegrationToken]):
    """The integration tokens, of which only hashes are kept."""

    model = IntegrationToken

    async def find_by_hash(self, token_hash: str) -> IntegrationToken | None:
        """Return the token of this SHA-256, or None."""
        query = select(IntegrationToken).where(
            IntegrationToken.token_hash == token_hash
        )
        return await self._one(query, None)

    async def find_by_identity(self, identity_id: int) -> Sequence[IntegrationToken]:
        """Return the tokens of an identity, newest first."""
        query = select(IntegrationToken).where(
            IntegrationToken.identity_id == identity_id
        )
        return await self._all(query.order_by(IntegrationToken.id.desc()))
