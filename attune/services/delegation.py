"""Nobody hands on more than they have: asked of everything that gives rights away."""

from collections.abc import Collection, Iterable

from attune.db.database import Transaction
from attune.db.repositories.permission import nameable_sets
from attune.domain.delegation import (
    excess,
    holdings,
    named_packs,
    names_things,
)
from attune.domain.errors import InvalidInput, PermissionDenied
from attune.domain.key import OwnerType
from attune.domain.permission import Caller, Grant, Resource
from attune.services.caller import STANDARD, parse_grants

_PRIVATE = frozenset({Resource.KEYS, Resource.ARTIFACTS})
_NAMED = 8
"""How many of the missing permissions a refusal names."""


async def require_delegable(
    tx: Transaction, caller: Caller, grants: Iterable[Grant], what: str
) -> None:
    """Raise PermissionDenied where `what` allows more than the caller may do."""
    wanted = list(grants)
    own, hidden = await tx.packs.divided(named_packs(wanted), caller)
    held = holdings(
        caller,
        own_packs=own,
        hidden_packs=hidden,
        reaching=[each for each in wanted if await _reaches(tx, caller, each)],
    )
    beyond = excess(held, wanted)
    if beyond:
        shown = ", ".join(beyond[:_NAMED])
        more = f" and {len(beyond) - _NAMED} more" if len(beyond) > _NAMED else ""
        raise PermissionDenied(
            f"403 forbidden: {what} allows what you may not do yourself: {shown}{more}"
        )


async def require_delegable_sets(
    tx: Transaction,
    caller: Caller,
    refs: Collection[str] | None,
    *,
    may_be_missing: bool = False,
) -> None:
    """Check the permission sets that something of the caller's is to act with.

    Raises InvalidInput for a set that does not exist for the caller, unless it may
    come with a pack that is not installed yet.
    """
    named = {ref for ref in refs or () if ref != STANDARD}
    if not named:
        return
    found = await tx.permission_sets.find_by_refs(named, among=nameable_sets(caller))
    missing = named - {row.ref for row in found}
    if may_be_missing:
        missing &= {row.ref for row in await tx.permission_sets.find_by_refs(missing)}
    if missing:
        raise InvalidInput(
            "Some permission sets do not exist",
            problems=[
                f"permission_set_refs: {ref} does not exist" for ref in sorted(missing)
            ],
        )
    for row in found:
        what = f"permission set {row.ref}"
        await require_delegable(tx, caller, parse_grants(row.grants), what)


async def _reaches(tx: Transaction, caller: Caller, grant: Grant) -> bool:
    """Tell whether a grant shows what others keep for themselves, now or later."""
    constraints = grant.constraints
    if grant.resource not in _PRIVATE or not names_things(constraints):
        return False
    if constraints is None or constraints.owner in {"self", "none"}:
        return False
    types = constraints.owner_types
    if types is not None and OwnerType.IDENTITY not in types:
        return False
    if not (constraints.owner_refs or constraints.refs or constraints.ids):
        return constraints.pack_refs is None
    return await tx.access.names_others(
        constraints, grant.resource, caller.identity_id or 0
    )


async def require_equal(
    tx: Transaction, caller: Caller, identity_id: int, what: str
) -> None:
    """Raise PermissionDenied where an identity may do more than the caller.

    Whoever sets somebody's password, or gets a token for them, can act as them.
    """
    if identity_id == caller.identity_id:
        return
    facts = await tx.access.find_facts(identity_id)
    if facts is not None:
        await require_delegable(tx, caller, parse_grants(facts.grants), what)
