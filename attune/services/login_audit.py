"""The record of who logged in, and of who tried to."""

from attune.db.database import Database
from attune.db.models.identity import Identity
from attune.domain.audit import Actor, AuditCategory, AuditOutcome


async def note_login(
    database: Database, identity: Identity, address: str, *, proof: str
) -> None:
    """Record that a proof was right; it lets nobody in who is frozen."""
    outcome = AuditOutcome.DENIED if identity.frozen else AuditOutcome.SUCCESS
    await _note(database, identity, address, proof, outcome)


async def note_failed_login(
    database: Database, identity: Identity | None, address: str, *, proof: str
) -> None:
    """Record that a proof was wrong; of a login that nobody has, nothing is kept.

    People type their password into the wrong field.
    """
    await _note(database, identity, address, proof, AuditOutcome.FAILURE)


async def _note(
    database: Database,
    identity: Identity | None,
    address: str,
    proof: str,
    outcome: AuditOutcome,
) -> None:
    who = Actor(
        identity_id=identity.id if identity else None,
        login=identity.login if identity else None,
        address=address,
    )
    details = {"proof": proof, "identity_known": identity is not None}
    async with database.autocommit() as tx:
        await tx.audit.note(
            AuditCategory.AUTH, "auth.login", outcome, actor=who, details=details
        )
