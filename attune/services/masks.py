"""Keep the secrets of an execution out of what its own code leaves behind.

Artifacts, events and questions, that is, whatever its token writes for others to read.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from attune.db.database import Transaction
from attune.domain.errors import InvalidInput
from attune.domain.json import Json
from attune.domain.permission import Caller
from attune.runtimes.masking import Masking
from attune.runtimes.run import texts_of
from attune.security.encryption import Encryption
from attune.services.execution.references import SecretReader
from attune.services.execution.write import read_secrets
from attune.services.key_value import key_facts, reveal_key

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
_WORDED: Final = frozenset({"name", "description", "data", "meta", "created_by"})


class Masks:
    """Knows what an execution's token must not write down."""

    def __init__(self, encryption: Encryption) -> None:
        self._encryption = encryption

    async def of(self, tx: Transaction, caller: Caller) -> Masking | None:
        """Return the masking for what the caller writes; None for people."""
        if caller.execution_id is None:
            return None
        hidden = await read_secrets(tx, self._encryption, caller.execution_id)
        secrets: list[Json] = [
            caller.token,
            *hidden.values(),
            *await self._keys(tx, caller),
            *await self._referred(tx, caller.execution_id, caller.identity_id, hidden),
        ]
        return Masking(text for secret in secrets for text in texts_of(secret))

    async def applied(self, tx: Transaction, caller: Caller, value: Json) -> Json:
        """Return the value with every secret of the calling execution masked."""
        masking = await self.of(tx, caller)
        return value if masking is None else masked(value, masking)

    async def applied_to(
        self, tx: Transaction, caller: Caller, fields: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the fields with those masked that anybody may word freely."""
        masking = await self.of(tx, caller)
        if masking is None:
            return dict(fields)
        return {
            name: masked(value, masking) if name in _WORDED else value
            for name, value in fields.items()
        }

    async def _keys(self, tx: Transaction, caller: Caller) -> list[Json]:
        pack_ref = (caller.action_ref or "").partition(".")[0]
        found = await tx.keys.find_owned(pack_ref, caller.action_ref)
        return [
            reveal_key(self._encryption, key_facts(key))
            for key in found
            if key.encrypted
        ]

    async def _referred(
        self,
        tx: Transaction,
        execution_id: int,
        executor_id: int | None,
        hidden: Mapping[str, Json],
    ) -> list[Json]:
        handed_on = await tx.executions.references_of(execution_id)
        if handed_on is None:
            return []
        config, references = handed_on
        reader = SecretReader(tx, self._encryption, executor_id)
        found = []
        for each in references:
            # What can no longer be read can no longer be masked either.
            with suppress(InvalidInput):
                filled = await reader.filled({**config, **hidden}, [each])
                found.append(filled.get(str(each["path"][0])))
        return found


def masked(value: Json, masking: Masking) -> Json:
    """Return the value with every secret in its texts and names masked."""
    if isinstance(value, str):
        return masking.apply(value.encode("utf-8", "surrogatepass")).decode(
            "utf-8", "replace"
        )
    if isinstance(value, list):
        return [masked(item, masking) for item in value]
    if isinstance(value, dict):
        return {
            str(masked(name, masking)): masked(item, masking)
            for name, item in value.items()
        }
    return value


def reworded(said: T, masking: Masking, *names: str) -> T:
    """Return the record with every secret in these fields of it masked."""
    fields: dict[str, Any] = {
        name: masked(getattr(said, name), masking) for name in names
    }
    return replace(said, **fields)
