"""What making and changing actions, triggers and rules have in common."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from attune.db.database import Transaction
from attune.db.models.pack import Pack
from attune.db.models.runtime import Runtime
from attune.db.visibility import in_visible_pack, visible_packs
from attune.domain.errors import InvalidInput, NotFound
from attune.domain.pack import ReferenceVisibility
from attune.domain.permission import Caller, Target
from attune.domain.ref import Ref, canonical_label


class Referable(Protocol):
    """A component that says which packs may refer to it."""

    ref: Any
    pack_ref: Any
    reference_visibility: Any
    reference_allowed_pack_refs: Any


async def visible_pack(tx: Transaction, caller: Caller, pack_ref: str) -> Pack:
    """Return the pack, or raise NotFound if it does not exist for the caller."""
    return await tx.packs.get_by_ref(pack_ref, among=visible_packs(caller))


async def targets_in_packs(
    tx: Transaction, caller: Caller, pack_refs: Iterable[str | None]
) -> dict[str | None, Target]:
    """Return what constraints on parts of packs are held against, by pack.

    Whose a pack is gets looked up only for a caller to whom it makes a difference.
    """
    refs = set(pack_refs)
    named = {ref for ref in refs if ref is not None}
    known = await tx.packs.ownerships(named) if named and caller.minds_owners else {}
    targets: dict[str | None, Target] = {}
    for ref in refs:
        owner_id, is_standard = known.get(ref or "", (None, False))
        targets[ref] = Target(
            pack_ref=ref, pack_owner_id=owner_id, in_standard_pack=is_standard
        )
    return targets


async def target_in_pack(
    tx: Transaction, caller: Caller, pack_ref: str | None, **facts: Any
) -> Target:
    """Return what constraints on one part of a pack are held against."""
    targets = await targets_in_packs(tx, caller, [pack_ref])
    return replace(targets[pack_ref], **facts)


async def owned_target(tx: Transaction, pack_ref: str) -> Target:
    """Return what constraints of several callers are held against, for a pack's part."""
    owner_id, is_standard = (await tx.packs.ownerships([pack_ref])).get(
        pack_ref, (None, False)
    )
    return Target(
        pack_ref=pack_ref, pack_owner_id=owner_id, in_standard_pack=is_standard
    )


def check_ref(ref: str, pack_ref: str) -> None:
    """Raise InvalidInput unless this is a ref of a component of the pack."""
    try:
        parsed = Ref.parse(ref)
    except InvalidInput as error:
        raise InvalidInput(f"ref: {error.message}") from error
    if parsed.pack != pack_ref:
        raise InvalidInput(f"ref: must begin with the ref of its pack, '{pack_ref}.'")


def tidy(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with the label in its one spelling."""
    if "label" not in fields:
        return dict(fields)
    return {**fields, "label": canonical_label(fields["label"])}


def write(entity: object, fields: Mapping[str, Any]) -> None:
    """Give the row these values."""
    for name, value in fields.items():
        setattr(entity, name, value)


def check_may_refer(field: str, component: Referable, pack_ref: str) -> None:
    """Raise InvalidInput unless the pack may refer to the component."""
    if component.pack_ref == pack_ref:
        return
    match component.reference_visibility:
        case ReferenceVisibility.PUBLIC:
            return
        case ReferenceVisibility.RESTRICTED if (
            pack_ref in component.reference_allowed_pack_refs
        ):
            return
        case _:
            raise InvalidInput(
                f"{field}: {component.ref} does not let pack {pack_ref} refer to it"
            )


async def find_runtime(
    tx: Transaction, caller: Caller, runtime_id: int | None, ref: str | None
) -> Runtime | None:
    """Return the runtime that an id and a ref name, as far as one of them is given."""
    if runtime_id is None and ref is None:
        return None
    among = in_visible_pack(caller, Runtime.pack_ref)
    if ref is None:
        return await tx.runtimes.get(runtime_id or 0, among=among)
    runtime = await tx.runtimes.get_by_ref(ref, among=among)
    if runtime_id not in (None, runtime.id):
        raise NotFound(entity="runtime", ref=runtime_id or 0)
    return runtime
