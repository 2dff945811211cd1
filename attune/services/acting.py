"""Identities as they act without calling: through rules, workflows and executions."""

from attune.db.database import Transaction
from attune.domain.permission import Caller
from attune.services.caller import KnownIdentity, parse_grants, person


async def acting_as(tx: Transaction, identity_id: int | None) -> Caller | None:
    """Return the identity with its grants of now; None when it may do nothing."""
    facts = None if identity_id is None else await tx.access.find_facts(identity_id)
    if facts is None or facts.frozen:
        return None
    return person(
        KnownIdentity(
            id=facts.id,
            login=facts.login,
            attributes=facts.attributes,
            grants=parse_grants(facts.grants),
        )
    )
