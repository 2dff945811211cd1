"""What an identity may do, in one query; and the proofs that it is who it says."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from attune.domain.permission import Constraints, Resource

# The sets assigned directly and those assigned to one of the identity's roles.
_FACTS = text("""
    WITH assigned AS (
        SELECT permset FROM attune.permission_assignment WHERE identity = :id
        UNION
        SELECT permset_role.permset
        FROM attune.permission_set_role AS permset_role
        JOIN attune.identity_role USING (role)
        WHERE identity_role.identity = :id
    ),
    sets AS (
        SELECT permission_set.ref, permission_set.grants
        FROM assigned
        JOIN attune.permission_set ON permission_set.id = assigned.permset
    )
    SELECT
        id, login, display_name, attributes, frozen, token_epoch,
        password_changed_at, password_hash IS NOT NULL AS has_password,
        coalesce(
            (
                SELECT jsonb_object_agg(token.id, extract(epoch FROM token.expires_at))
                FROM attune.integration_token AS token
                WHERE token.identity = :id AND token.revoked_at IS NULL
            ),
            '{}'
        ) AS tokens,
        coalesce((SELECT jsonb_agg(ref ORDER BY ref) FROM sets), '[]') AS set_refs,
        coalesce((SELECT jsonb_agg(grants ORDER BY ref) FROM sets), '[]') AS set_grants
    FROM attune.identity
    WHERE id = :id
""")

_SETS = text("SELECT grants FROM attune.permission_set WHERE ref = ANY(:refs)")

# Fails with a null value, loudly, when the set does not exist.
_ASSIGN = text("""
    INSERT INTO attune.permission_assignment (identity, permset)
    VALUES (
        :identity_id, (SELECT id FROM attune.permission_set WHERE ref = :set_ref)
    )
    ON CONFLICT DO NOTHING
""")

_USE_TOKEN = text("""
    UPDATE attune.integration_token
    SET last_used_at = :at, last_used_ip = :address
    WHERE
        token_hash = :token_hash
        AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > :at)
    RETURNING id, identity
""")


# Keys and artifacts say in different ways which identity they belong to.
_NAMES_OTHERS = {
    Resource.KEYS: text("""
        SELECT
            EXISTS (
                SELECT FROM attune.identity
                WHERE login = ANY(:owner_refs) AND id <> :identity_id
            )
            OR EXISTS (
                SELECT FROM attune.key
                WHERE
                    (ref = ANY(:refs) OR id = ANY(:ids))
                    AND owner_type = 'identity' AND owner_identity <> :identity_id
            )
    """),
    Resource.ARTIFACTS: text("""
        SELECT
            EXISTS (
                SELECT FROM attune.identity
                WHERE CAST(id AS text) = ANY(:owner_refs) AND id <> :identity_id
            )
            OR EXISTS (
                SELECT FROM attune.artifact
                WHERE
                    (ref = ANY(:refs) OR id = ANY(:ids))
                    AND visibility = 'private'
                    AND owner_identity <> :identity_id
            )
    """),
}


@dataclass(kw_only=True)
class IdentityFacts:
    """An identity and everything it was granted, as stored."""

    id: int
    login: str
    display_name: str | None
    attributes: Mapping[str, Any]
    frozen: bool
    token_epoch: int
    password_changed_at: datetime | None
    has_password: bool
    tokens: Mapping[str, float | None]
    """When each integration token that was not revoked expires, by the token's id."""
    permission_set_refs: list[str]
    grants: list[Any]


class AccessRepository:
    """Reads and assigns what identities may do."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find_facts(self, identity_id: int) -> IdentityFacts | None:
        """Return the identity with the grants of all its sets, or None."""
        result = await self._session.execute(_FACTS, {"id": identity_id})
        row = result.mappings().one_or_none()
        if row is None:
            return None
        facts = dict(row)
        facts["permission_set_refs"] = facts.pop("set_refs")
        facts["grants"] = [g for grants in facts.pop("set_grants") for g in grants]
        return IdentityFacts(**facts)

    async def grants_of_sets(self, refs: Collection[str]) -> list[Any]:
        """Return the grants of these sets together; an unknown ref has none."""
        rows = await self._session.scalars(_SETS, {"refs": sorted(refs)})
        return [grant for grants in rows for grant in grants]

    async def names_others(
        self, constraints: Constraints, resource: Resource, identity_id: int
    ) -> bool:
        """Tell whether constraints name an identity or something of one besides this."""
        values = {
            "owner_refs": sorted(constraints.owner_refs or ()),
            "refs": sorted(constraints.refs or ()),
            "ids": sorted(constraints.ids or ()),
            "identity_id": identity_id,
        }
        return bool(await self._session.scalar(_NAMES_OTHERS[resource], values))

    async def assign_set(self, identity_id: int, set_ref: str) -> None:
        """Assign a permission set; repeating it changes nothing."""
        values = {"identity_id": identity_id, "set_ref": set_ref}
        await self._session.execute(_ASSIGN, values)

    async def use_integration_token(
        self, token_hash: str, *, address: str, at: datetime
    ) -> Row[Any] | None:
        """Note the use and return id and identity of a token that is valid, or None."""
        values = {"token_hash": token_hash, "address": address, "at": at}
        return (await self._session.execute(_USE_TOKEN, values)).one_or_none()
