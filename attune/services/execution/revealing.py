"""The secret parameters of an execution, for somebody who may decrypt them."""

from collections.abc import Mapping
from typing import Any

from attune.db.database import Transaction
from attune.db.models.execution import Execution
from attune.db.models.key import Key
from attune.db.repositories.execution import visible_executions
from attune.domain.errors import InvalidInput
from attune.domain.json import Json, JsonObject
from attune.domain.permission import Action, Caller, Resource, Target
from attune.security.encryption import Encryption, Undecryptable
from attune.services.component import target_in_pack
from attune.services.execution.references import SecretReader
from attune.services.execution.write import read_secrets
from attune.services.key_access import may
from attune.services.pack.setting import Setting
from attune.services.secret_audit import note_read_by


async def reveal(
    tx: Transaction, encryption: Encryption, caller: Caller, execution: Execution
) -> JsonObject:
    """Return the parameters with what is secret in them, and record that it was read.

    Raises PermissionDenied for who may not decrypt what the execution's pack owns. A
    reference to what the caller may not decrypt stays masked.
    """
    target = await _target(tx, caller, execution)
    caller.require(Resource.KEYS, Action.DECRYPT, target)
    secrets = await read_secrets(tx, encryption, execution.id)
    reader = _Revealing(tx, encryption, execution.executor_id, caller)
    config: JsonObject = {**execution.config, **secrets}
    for reference in execution.secret_references or ():
        try:
            config = await reader.filled(config, [reference])
        except (InvalidInput, Undecryptable):
            continue
    if secrets or reader.read:
        await note_read_by(tx, caller, entity="execution", ref=str(execution.id))
    return config


async def _target(tx: Transaction, caller: Caller, execution: Execution) -> Target:
    """Return what constraints on keys are held against, for what it was given."""
    return await target_in_pack(
        tx, caller, execution.pack_ref, owner_identity_id=execution.executor_id
    )


class _Revealing(SecretReader):
    """Reads what an execution was given, but only what somebody else may know, too."""

    def __init__(
        self,
        tx: Transaction,
        encryption: Encryption,
        executor_id: int | None,
        caller: Caller,
    ) -> None:
        super().__init__(tx, encryption, executor_id)
        self._caller = caller

    async def _own_keys(self, source: Mapping[str, Any]) -> dict[str, Key]:
        found = await super()._own_keys(source)
        return {
            name: key
            for name, key in found.items()
            if not key.encrypted
            or await may(self._tx, self._caller, Action.DECRYPT, key)
        }

    async def _all_callers(self, source: Mapping[str, Any]) -> list[Caller] | None:
        del source
        return [self._caller]

    async def _check_setting(self, source: Mapping[str, Any], setting: Setting) -> None:
        if setting.owner_id not in (None, self._caller.identity_id):
            raise InvalidInput("the setting is another identity's")
        await self._require_decryption(source)

    async def _parameter(self, execution_id: int, name: str, depth: int) -> Json:
        among = visible_executions(self._caller)
        found = await self._tx.executions.find(execution_id, among=among)
        if found is None or not self._caller.may(
            Resource.KEYS,
            Action.DECRYPT,
            await _target(self._tx, self._caller, found),
        ):
            raise InvalidInput("the parameter belongs to another execution")
        return await super()._parameter(execution_id, name, depth)
