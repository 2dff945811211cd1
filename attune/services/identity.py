"""What an identity sees and changes of itself, and the first administrator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attune.clock import utc_now
from attune.db.database import Database
from attune.db.models.identity import Identity
from attune.domain.errors import InvalidInput, NotFound
from attune.domain.identity import canonical_display_name, check_password
from attune.domain.permission import Caller, Grant
from attune.security.passwords import Passwords
from attune.services.login_throttle import LoginThrottle

ADMINISTRATOR_LOGIN = "admin"
ADMINISTRATOR_SET = "core.admin"


@dataclass(frozen=True, kw_only=True)
class CurrentIdentity:
    """An identity as it sees itself."""

    id: int
    login: str
    display_name: str | None
    can_change_password: bool
    effective_permissions: Sequence[Mapping[str, Any]]
    assigned_permission_set_refs: Sequence[str]
    auth_provider: str = "local"
    is_local: bool = True
    provider_profile: Mapping[str, Any] | None = None


class IdentityService:
    """Reads and changes identities."""

    def __init__(
        self, database: Database, passwords: Passwords, throttle: LoginThrottle
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._throttle = throttle

    async def current(self, caller: Caller) -> CurrentIdentity:
        """Return the caller's identity with what it may do."""
        async with self._database.transaction() as tx:
            facts = await tx.access.find_facts(_identity_id(caller))
        if facts is None:
            raise NotFound(entity="identity", ref=caller.login)
        return CurrentIdentity(
            id=facts.id,
            login=facts.login,
            display_name=facts.display_name,
            can_change_password=facts.has_password,
            effective_permissions=list(map(_shown, caller.grants)),
            assigned_permission_set_refs=facts.permission_set_refs,
        )

    async def rename(self, caller: Caller, display_name: str | None) -> CurrentIdentity:
        """Change the caller's display name; None leaves it."""
        if display_name is not None:
            name = canonical_display_name(display_name)
            async with self._database.transaction() as tx:
                identity = await tx.identities.lock(_identity_id(caller))
                identity.display_name = name or None
        return await self.current(caller)

    async def change_password(
        self, caller: Caller, current: str, new: str, address: str
    ) -> None:
        """Set a new password; every token of before stops working."""
        check_password(new)
        await self._throttle.check(caller.login, address)
        identity_id = _identity_id(caller)
        async with self._database.transaction() as tx:
            identity = await tx.identities.get(identity_id)
        if not await self._passwords.matches(identity.password_hash, current):
            await self._throttle.record_failure(caller.login, address)
            raise InvalidInput("current_password: is wrong")
        await self._throttle.record_success(caller.login, address)
        password_hash = await self._passwords.hash(new)
        async with self._database.transaction() as tx:
            identity = await tx.identities.lock(identity_id)
            set_password(identity, password_hash)


def set_password(identity: Identity, password_hash: str) -> None:
    """Replace the hash and end every session."""
    identity.password_hash = password_hash
    identity.password_changed_at = utc_now()
    identity.token_epoch += 1


async def ensure_administrator(
    database: Database, password: str, *, login: str = ADMINISTRATOR_LOGIN
) -> bool:
    """Make the first administrator, once; tells whether it was made now.

    An existing identity of this login keeps its password.
    """
    check_password(password)
    passwords = Passwords()
    password_hash = await passwords.hash(password)
    passwords.close()
    async with database.transaction() as tx:
        identity = await tx.identities.find_by_login(login)
        created = identity is None
        if identity is None:
            identity = Identity(login=login, password_hash=password_hash)
            await tx.identities.add(identity)
        await tx.access.assign_set(identity.id, ADMINISTRATOR_SET)
    return created


def _shown(grant: Grant) -> Mapping[str, Any]:
    shown = grant.model_dump(mode="json", exclude_none=True)
    return {**shown, "actions": sorted(grant.actions)}


def _identity_id(caller: Caller) -> int:
    if caller.identity_id is None:
        raise NotFound(entity="identity", ref=caller.login)
    return caller.identity_id
