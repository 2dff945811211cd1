"""Write prepared executions and the secrets that belong to them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from attune.db.database import Transaction
from attune.domain.json import Json
from attune.security.encryption import Encryption
from attune.services.execution.row import PreparedExecution


def secret_place(execution_id: int, name: str) -> str:
    """Return what ties an encrypted parameter to its execution."""
    return f"execution:{execution_id}:{name}"


async def write_secrets(
    tx: Transaction,
    encryption: Encryption,
    written: Sequence[tuple[int, PreparedExecution]],
) -> None:
    """Keep the secret parameters of executions that are written already."""
    secrets = [
        _secret(encryption, execution_id, name, value)
        for execution_id, execution in written
        for name, value in execution.secrets.items()
    ]
    if secrets:
        await tx.executions.insert_secrets(secrets)


def _secret(
    encryption: Encryption, execution_id: int, name: str, value: object
) -> dict[str, Any]:
    sealed = encryption.encrypt(
        json.dumps(value), associated=secret_place(execution_id, name)
    )
    return {
        "execution_id": execution_id,
        "name": name,
        "value": sealed,
        "encryption_key_hash": encryption.key_hash,
    }


async def read_secrets(
    tx: Transaction, encryption: Encryption, execution_id: int
) -> dict[str, Json]:
    """Return the decrypted parameters of an execution, by name."""
    sealed = await tx.executions.secrets_of(execution_id)
    return unseal(encryption, execution_id, sealed)


def unseal(
    encryption: Encryption, execution_id: int, sealed: Mapping[str, str]
) -> dict[str, Json]:
    """Decrypt parameters of an execution; raises Undecryptable for another's."""
    return {
        name: json.loads(
            encryption.decrypt(value, associated=secret_place(execution_id, name))
        )
        for name, value in sealed.items()
    }
