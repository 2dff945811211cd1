"""What the secrets are that parameters refer to; asked only when a worker starts."""

from collections.abc import Mapping, Sequence
from typing import Any

from attune.db.database import Transaction
from attune.domain.errors import InvalidInput
from attune.domain.json import Json, JsonObject
from attune.domain.reference import Reference, fill, sources
from attune.security.encryption import Encryption
from attune.services.execution.write import read_secrets
from attune.services.key_value import key_facts, reveal_key
from attune.services.sealing import pack_place, unseal

DEEPEST = 64
"""So many workflows may hand a secret on, each to one that it contains."""


class SecretReader:
    """Follows references within one transaction; a broken one is InvalidInput."""

    def __init__(self, tx: Transaction, encryption: Encryption) -> None:
        self._tx = tx
        self._encryption = encryption

    async def filled(
        self, config: JsonObject, references: Sequence[Any], depth: int = 0
    ) -> JsonObject:
        """Return the parameters with the secrets in their places."""
        listed: list[Reference] = list(references)
        values = [await self._value(source, depth) for source in sources(listed)]
        return fill(config, listed, values)

    async def _value(self, source: Mapping[str, Any], depth: int) -> Json:
        if depth > DEEPEST:
            raise InvalidInput("a secret is handed on through too many workflows")
        if "key" in source:
            return await self._key(source)
        if "config" in source:
            return await self._config(source["pack"], source["config"])
        return await self._parameter(source["execution"], source["parameter"], depth)

    async def _key(self, source: Mapping[str, Any]) -> Json:
        path, pack_ref = source["key"], source["pack"]
        found = await self._tx.keys.find_owned(pack_ref, source["action"])
        keys = {key.name: key for key in found} | {key.ref: key for key in found}
        for length in range(len(path.split(".")), 0, -1):
            name = ".".join(path.split(".")[:length])
            key = keys.get(name) or keys.get(f"{pack_ref}.{name}")
            if key is not None:
                value = reveal_key(self._encryption, key_facts(key))
                return _walk(value, path[len(name) + 1 :])
        raise InvalidInput(
            f"keystore.{path}: pack {pack_ref} and action {source['action']} "
            "own no key of this name"
        )

    async def _config(self, pack_ref: str, name: str) -> Json:
        config = await self._tx.packs.config_of(pack_ref)
        sealed = {name: config.get(name)}
        place = pack_place(pack_ref)
        return unseal(self._encryption, sealed, place=place)[name]

    async def _parameter(self, execution_id: int, name: str, depth: int) -> Json:
        """Return a secret parameter of another execution, which may refer onwards."""
        secrets = await read_secrets(self._tx, self._encryption, execution_id)
        if name in secrets:
            return secrets[name]
        handed_on = await self._tx.executions.references_of(execution_id)
        if handed_on is None:
            return None
        config, references = handed_on
        own = [each for each in references if each["path"][0] == name]
        return (await self.filled({name: config.get(name)}, own, depth + 1))[name]


def _walk(value: Json, path: str) -> Json:
    for step in path.split(".") if path else ():
        value = value.get(step) if isinstance(value, dict) else None
    return value


def referring_names(references: Sequence[Any] | None) -> frozenset[str]:
    """Return the parameters that hold a secret somewhere."""
    return frozenset(str(each["path"][0]) for each in references or ())
