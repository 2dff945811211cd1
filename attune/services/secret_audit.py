"""The record that a stored secret was read: by whom, for what, and never its value."""

from collections.abc import Sequence

from attune.db.database import Transaction
from attune.domain.audit import Actor, AuditCategory
from attune.domain.permission import Caller, TokenType


async def note_read_by(
    tx: Transaction, caller: Caller, *, entity: str, ref: str
) -> None:
    """Record that somebody was shown a secret in plain."""
    await tx.audit.note(
        AuditCategory.SECRET,
        f"{entity}.decrypted",
        actor=actor_of(caller),
        resource=(entity, None, ref),
    )


async def note_read_for(
    tx: Transaction,
    execution_id: int,
    *,
    worker_id: int,
    executor_id: int | None,
    secrets: Sequence[str],
) -> None:
    """Record which secrets a worker was given with an execution, by what they are."""
    if not secrets:
        return
    actor = Actor(
        identity_id=executor_id,
        login=f"execution:{execution_id}",
        token_type=TokenType.EXECUTION.value,
        execution_id=execution_id,
    )
    await tx.audit.note(
        AuditCategory.SECRET,
        "execution.secrets_given",
        actor=actor,
        resource=("execution", execution_id, None),
        details={"secrets": list(secrets), "worker": worker_id},
    )


def actor_of(caller: Caller) -> Actor:
    """Return who acts, as far as the caller tells."""
    return Actor(
        identity_id=caller.identity_id,
        login=caller.login,
        token_type=caller.token_type.value,
        execution_id=caller.execution_id,
    )
