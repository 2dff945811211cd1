"""Encrypt everything anew with the key that encrypts now, while the service runs.

Each small batch is a transaction of its own, and what it leaves behind looks like what a
process writes that knows the new key: it can be stopped and begun again at any moment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from attune.db.database import Database
from attune.db.repositories.sealed import STORES, SealedRow, SealedStore
from attune.domain.audit import AuditCategory, AuditOutcome
from attune.domain.json import Json, JsonObject
from attune.security.encryption import Encryption, Undecryptable
from attune.services.execution.write import secret_place
from attune.services.key_value import key_place
from attune.services.sealing import (
    own_place,
    pack_place,
    reseal,
    rule_place,
    sensor_place,
    trigger_place,
)
from attune.services.webhook_secret import reseal_secrets

BATCH: Final = 100

Tell = Callable[[str, int], None]
"""Hears how many of which values are done."""


@dataclass(frozen=True, kw_only=True)
class KeyUse:
    """How much one encryption key still encrypts."""

    key_hash: str
    is_current: bool
    is_known: bool
    """Whether this process can decrypt with it."""
    counts: Mapping[str, int]
    """How many values, by where they are."""

    @property
    def total(self) -> int:
        """How many values in all."""
        return sum(self.counts.values())


@dataclass
class Rotation:
    """What has been encrypted anew, and what cannot be."""

    done: int = 0
    unreadable: list[str] = field(default_factory=list)
    """Which values no key decrypts that this process knows."""


class RotationService:
    """Moves what is encrypted from the keys of before to the key of now."""

    def __init__(self, database: Database, encryption: Encryption) -> None:
        self._database = database
        self._encryption = encryption

    async def uses(self) -> list[KeyUse]:
        """Return every key that is configured or needed, the current one first."""
        found: dict[str, dict[str, int]] = {
            known: {} for known in self._encryption.known_hashes
        }
        async with self._database.autocommit() as tx:
            for store in STORES:
                for key_hash, total in (await tx.sealed.count(store)).items():
                    found.setdefault(key_hash, {})[store.name] = total
        return [
            KeyUse(
                key_hash=key_hash,
                is_current=key_hash == self._encryption.key_hash,
                is_known=key_hash in self._encryption.known_hashes,
                counts=counts,
            )
            for key_hash, counts in found.items()
        ]

    async def rotate(
        self,
        tell: Tell = lambda _name, _done: None,
        *,
        batch: int = BATCH,
    ) -> Rotation:
        """Encrypt everything anew that another key encrypted; tells after each batch.

        What somebody else is writing just now is come back to.
        """
        rotation = Rotation()
        while True:
            before, rotation.unreadable = rotation.done, []
            for store in STORES:
                await self._rotate_store(store, rotation, tell, batch)
            if rotation.done == before:
                await self._note(rotation)
                return rotation

    async def _note(self, rotation: Rotation) -> None:
        """Record that it was done; the rows themselves say nothing else than before."""
        if not rotation.done and not rotation.unreadable:
            return
        async with self._database.autocommit() as tx:
            await tx.audit.note(
                AuditCategory.SECRET,
                "encryption_key.rotated",
                AuditOutcome.FAILURE if rotation.unreadable else AuditOutcome.SUCCESS,
                details={
                    "key_hash": self._encryption.key_hash,
                    "done": rotation.done,
                    "unreadable": len(rotation.unreadable),
                },
            )

    async def _rotate_store(
        self,
        store: SealedStore,
        rotation: Rotation,
        tell: Tell,
        batch: int,
    ) -> None:
        after, done = 0, 0
        while True:
            rows = await self._rotate_batch(store, rotation, after, batch)
            if not rows:
                return
            after, done = rows[-1].id, done + len(rows)
            tell(store.name, done)

    async def _rotate_batch(
        self, store: SealedStore, rotation: Rotation, after: int, batch: int
    ) -> list[SealedRow]:
        current = self._encryption.key_hash
        unreadable: list[str] = []
        async with self._database.transaction() as tx:
            rows = list(
                await tx.sealed.lock_stale(store, current, after=after, limit=batch)
            )
            for row in rows:
                try:
                    value = _resealed(self._encryption, store, row)
                except Undecryptable:
                    unreadable.append(f"{store.name}: {_called(row)}")
                else:
                    await tx.sealed.write(store, row, value, current)
        rotation.done += len(rows) - len(unreadable)
        rotation.unreadable += unreadable
        return rows


def _resealed(encryption: Encryption, store: SealedStore, row: SealedRow) -> object:
    if store.is_document:
        return _document(encryption, store, row.facts, row.value)
    place = _place(store.table, row.facts)
    plain = encryption.decrypt(str(row.value), associated=place)
    return encryption.encrypt(plain, associated=place)


def _place(table: str, facts: Mapping[str, Any]) -> str:
    if table == "key":
        return key_place(facts["owner_type"], facts["owner"], facts["ref"])
    return secret_place(facts["execution"], facts["name"])


def _document(
    encryption: Encryption,
    store: SealedStore,
    facts: Mapping[str, Any],
    value: JsonObject,
) -> Json:
    ref = facts["ref"]
    if store.table == "trigger":
        return reseal_secrets(encryption, ref, value)
    place_of = _PLACES.get((store.table, store.column))
    place = place_of(ref) if place_of else own_place(ref, int(facts["identity"]))
    return reseal(encryption, value, place=place)


_PLACES: Final[Mapping[tuple[str, str], Callable[[str], str]]] = {
    ("pack", "config"): pack_place,
    ("rule", "action_params"): rule_place,
    ("rule", "trigger_params"): trigger_place,
    ("sensor", "config"): sensor_place,
}


def _called(row: SealedRow) -> str:
    """Return what tells the row from others."""
    return " ".join(str(fact) for fact in row.facts.values())
