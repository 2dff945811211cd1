"""What an identity wants configured differently in a pack, for what it runs."""

from collections.abc import Mapping
from dataclasses import dataclass

from attune.db.database import Database, Transaction
from attune.db.models.pack import Pack, PackConfig
from attune.domain.errors import InvalidInput, PermissionDenied
from attune.domain.json import Json, JsonObject
from attune.domain.permission import Action, Caller, Resource
from attune.domain.schema import apply_defaults
from attune.security.encryption import Encryption
from attune.services.definitions import Definitions
from attune.services.pack.configuring import (
    require_references,
    sealed_config,
    shown_config,
    unmasked_config,
    value_problems,
)
from attune.services.pack.installation import pack_target
from attune.services.pack.read import readable_packs
from attune.services.sealing import own_place, pack_place, unseal


@dataclass(frozen=True, kw_only=True)
class PackConfigView:
    """The settings of a pack for one identity, without what is secret."""

    pack_ref: str
    conf_schema: JsonObject
    config: JsonObject
    """What counts for the identity."""
    pack_config: JsonObject
    """What counts for whoever wants nothing else."""
    own_config: JsonObject
    """What the identity wants."""


class PackConfigService:
    """Settings that identities lay over those of packs."""

    def __init__(
        self, database: Database, definitions: Definitions, encryption: Encryption
    ) -> None:
        self._database = database
        self._definitions = definitions
        self._encryption = encryption

    async def get(self, caller: Caller, ref: str) -> PackConfigView:
        """Return what counts for the caller; raises NotFound for a hidden pack."""
        async with self._database.transaction() as tx:
            pack = await tx.packs.get_by_ref(ref, among=readable_packs(caller))
            row = await tx.packs.own_config(pack.id, caller.identity_id)
        return _view(pack, row)

    async def update(
        self, caller: Caller, ref: str, given: Mapping[str, Json]
    ) -> PackConfigView:
        """Change the settings that are given; null takes the caller's own one away."""
        async with self._database.transaction() as tx:
            pack, identity_id = await _configurable(tx, caller, ref)
            row = await tx.packs.own_config(pack.id, identity_id)
            place = own_place(pack.ref, identity_id)
            before = unseal(self._encryption, row.config if row else {}, place=place)
            wanted = unmasked_config(pack.conf_schema, before, {**before, **given})
            own: JsonObject = {
                name: value for name, value in wanted.items() if value is not None
            }
            self._check(pack, own)
            await require_references(tx, caller, pack.ref, own, owns=False)
            row = row or PackConfig(pack_id=pack.id, identity_id=identity_id)
            row.config = sealed_config(
                self._encryption, pack.conf_schema, own, place=place
            )
            await tx.packs.keep_own_config(row)
        self._definitions.forget()
        return _view(pack, row)

    async def delete(self, caller: Caller, ref: str) -> None:
        """Let the settings of the pack count for the caller again."""
        async with self._database.transaction() as tx:
            pack, identity_id = await _configurable(tx, caller, ref)
            await tx.packs.remove_own_config(pack.id, identity_id)
        self._definitions.forget()

    def _check(self, pack: Pack, own: JsonObject) -> None:
        base = unseal(self._encryption, pack.config, place=pack_place(pack.ref))
        problems = value_problems(pack.conf_schema, {**base, **own})
        if problems:
            raise InvalidInput("The pack cannot be configured so", problems=problems)


async def _configurable(tx: Transaction, caller: Caller, ref: str) -> tuple[Pack, int]:
    """Return the pack, and who the caller is, if it may configure the pack.

    Own settings direct what the pack does with its secrets: nobody else may have any.
    """
    pack = await tx.packs.get_by_ref(ref, among=readable_packs(caller))
    caller.require(Resource.PACKS, Action.CONFIGURE, pack_target(pack))
    if caller.identity_id is None:
        raise PermissionDenied("403 forbidden: this token belongs to no identity")
    # Whoever changes the schema meanwhile waits, and so do others of the same identity.
    return await tx.packs.lock(pack.id), caller.identity_id


def _view(pack: Pack, row: PackConfig | None) -> PackConfigView:
    schema, own = pack.conf_schema, row.config if row else {}
    return PackConfigView(
        pack_ref=pack.ref,
        conf_schema=schema,
        config=shown_config(schema, apply_defaults(schema, {**pack.config, **own})),
        pack_config=shown_config(schema, pack.config),
        own_config=shown_config(schema, own),
    )
