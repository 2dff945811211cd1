"""What the secrets are that parameters refer to; asked only when a worker starts."""

from collections.abc import Mapping, Sequence
from typing import Any

from attune.clock import utc_now
from attune.db.database import Transaction
from attune.db.models.key import Key
from attune.domain.errors import InvalidInput
from attune.domain.json import Json, JsonObject
from attune.domain.key import has_expired
from attune.domain.keystore import candidates
from attune.domain.permission import Action, Caller, Resource
from attune.domain.reference import Reference, fill, sources
from attune.security.encryption import Encryption
from attune.services.acting import acting_as
from attune.services.component import owned_target
from attune.services.execution.write import read_secrets
from attune.services.key_reference import spellings
from attune.services.key_value import key_facts, reveal_key
from attune.services.pack.setting import Setting, stored_setting

DEEPEST = 64
"""So many workflows may hand a secret on, each to one that it contains."""


class SecretReader:
    """Follows references of one execution; a broken one is InvalidInput.

    What a pack and an action own is theirs to read. Of everything else both must be
    allowed to know it: who wrote the template, and for whom it is executed.
    """

    def __init__(
        self,
        tx: Transaction,
        encryption: Encryption,
        executor_id: int | None,
        *,
        runs_for_nobody: bool = False,
    ) -> None:
        """Read for an executor; where something runs for nobody, authors vouch alone."""
        self._tx = tx
        self._encryption = encryption
        self._executor_id = executor_id
        self._executors = set() if runs_for_nobody else {executor_id}
        self._callers: dict[int | None, Caller | None] = {}
        self.read: list[str] = []
        """What was decrypted, by what it is."""

    async def filled(
        self, config: JsonObject, references: Sequence[Any], depth: int = 0
    ) -> JsonObject:
        """Return the parameters with the secrets in their places."""
        listed: list[Reference] = list(references)
        values = [await self._value(source, depth) for source in sources(listed)]
        return fill(config, listed, values)

    async def setting(self, pack_ref: str, name: str) -> Json:
        """Return a setting of a pack, with the keys in it that it refers to."""
        return await self._config({"config": name, "pack": pack_ref}, 0)

    async def _value(self, source: Mapping[str, Any], depth: int) -> Json:
        if depth > DEEPEST:
            raise InvalidInput("a secret is handed on through too many workflows")
        if "key" in source:
            return await self._key(source)
        if "config" in source:
            return await self._config(source, depth)
        return await self._parameter(source["execution"], source["parameter"], depth)

    async def _key(self, source: Mapping[str, Any]) -> Json:
        path = source["key"]
        names = candidates((path,))
        own = await self._own_keys(source)
        found = _nearest(names, own) or _nearest(
            names, await self._granted_keys(names, source)
        )
        if found is None:
            raise InvalidInput(f"keystore.{path}: {_whose(source)}")
        name, key = found
        if has_expired(key.expires_at, utc_now()):
            raise InvalidInput(
                f"keystore.{path}: the key {key.ref} expired at "
                f"{key.expires_at:%Y-%m-%d %H:%M:%S} UTC"
            )
        if key.encrypted:
            self.read.append(key.ref)
        value = reveal_key(self._encryption, key_facts(key))
        return _walk(value, path[len(name) + 1 :])

    async def _own_keys(self, source: Mapping[str, Any]) -> dict[str, Key]:
        """Return the keys of the template's pack and action by all that they are called."""
        # What was stored before there were others had `action`, and no `own`.
        if not source.get("own", "action" in source):
            return {}
        pack_ref = source["pack"]
        found = await self._tx.keys.find_owned(pack_ref, source.get("action"))
        named = {key.name: key for key in found} | {key.ref: key for key in found}
        short = {
            ref.removeprefix(f"{pack_ref}."): key
            for ref, key in named.items()
            if ref.startswith(f"{pack_ref}.")
        }
        return short | named

    async def _granted_keys(
        self, names: Sequence[str], source: Mapping[str, Any]
    ) -> dict[str, Key]:
        """Return what executor and author may decrypt, by the names that are wanted."""
        callers = await self._all_callers(source)
        if callers is None:
            return {}
        meanings = [
            (ref, name) for name in names for ref in spellings(name, source.get("pack"))
        ]
        refs = {ref for ref, _ in meanings}
        found = await self._tx.keys.find_decryptable(refs, callers)
        by_ref = {key.ref: key for key in found}
        return {name: by_ref[ref] for ref, name in meanings if ref in by_ref}

    async def _all_callers(self, source: Mapping[str, Any]) -> list[Caller] | None:
        """Return the executor and the author; None unless both are there."""
        callers = []
        for identity_id in {*self._executors, source.get("author")}:
            if identity_id not in self._callers:
                self._callers[identity_id] = await acting_as(self._tx, identity_id)
            caller = self._callers[identity_id]
            if caller is None:
                return None
            callers.append(caller)
        return callers

    async def _config(self, source: Mapping[str, Any], depth: int) -> Json:
        pack_ref, name = source["pack"], source["config"]
        layers = await self._tx.packs.config_layers(pack_ref, self._executor_id)
        setting = stored_setting(
            self._encryption, layers, pack_ref, name, self._executor_id
        )
        await self._check_setting(source, setting)
        self.read.append(f"{pack_ref}: config.{name}")
        filled = await self.filled(setting.config, setting.references, depth + 1)
        return filled[name]

    async def _check_setting(self, source: Mapping[str, Any], setting: Setting) -> None:
        """Refuse what the template has no right to; what a pack owns is its own."""
        del setting
        if not source.get("own", True):
            await self._require_decryption(source)

    async def _require_decryption(self, source: Mapping[str, Any]) -> None:
        """Refuse to hand a pack's secret setting to a rule of who may not see it."""
        callers = await self._all_callers(source)
        target = await owned_target(self._tx, source["pack"])
        if callers is None or not all(
            caller.may(Resource.KEYS, Action.DECRYPT, target) for caller in callers
        ):
            raise InvalidInput(
                f"pack.config.{source['config']} is secret, and the owner of the rule "
                f"may not decrypt what is pack {source['pack']}'s"
            )

    async def _parameter(self, execution_id: int, name: str, depth: int) -> Json:
        """Return a secret parameter of another execution, which may refer onwards."""
        secrets = await read_secrets(self._tx, self._encryption, execution_id)
        if name in secrets:
            self.read.append(f"execution {execution_id}: {name}")
        handed_on = await self._tx.executions.references_of(execution_id)
        config, references = handed_on or ({}, [])
        own = [each for each in references if each["path"][0] == name]
        value = secrets.get(name, config.get(name))
        return (await self.filled({name: value}, own, depth + 1))[name]


def _nearest(names: Sequence[str], keys: Mapping[str, Key]) -> tuple[str, Key] | None:
    return next(((name, keys[name]) for name in names if name in keys), None)


def _whose(source: Mapping[str, Any]) -> str:
    """Return why there is no such key for a template."""
    if "action" in source:
        return (
            f"pack {source['pack']} and action {source['action']} own no key of this "
            "name, and there is no other that both the author of the workflow and the "
            "identity it is executed for may decrypt"
        )
    return "there is no such key that the owner of the reference may decrypt"


def _walk(value: Json, path: str) -> Json:
    for step in path.split(".") if path else ():
        value = value.get(step) if isinstance(value, dict) else None
    return value


def referring_names(references: Sequence[Any] | None) -> frozenset[str]:
    """Return the parameters that hold a secret somewhere."""
    return frozenset(str(each["path"][0]) for each in references or ())
