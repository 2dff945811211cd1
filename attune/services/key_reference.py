"""May a template refer to these keys: asked when it is saved, for all who vouch for it."""

from collections.abc import Sequence

from attune.db.database import Transaction
from attune.domain.keystore import KeyUse, candidates, may_be_own
from attune.domain.permission import Caller


async def reference_problems(
    tx: Transaction,
    callers: Sequence[Caller | None],
    uses: Sequence[KeyUse],
    pack_ref: str,
    *,
    owns: bool,
) -> list[str]:
    """Return which keys they may not decrypt, each with its place.

    A pack's own key may be made later. Where the pack `owns` the template, as it does its
    workflows, its own keys are nobody else's business.
    """
    if not uses:
        return []
    refs = {ref for use in uses for ref in _refs(use, pack_ref)}
    known = [caller for caller in callers if caller is not None]
    open_ones = (
        {key.ref for key in await tx.keys.find_decryptable(refs, known)}
        if len(known) == len(callers)
        else set()
    )
    there = {key.ref for key in await tx.keys.find_by_refs(refs)}
    problems = []
    for use in uses:
        named = set(_refs(use, pack_ref))
        may_come = may_be_own(use.path, pack_ref) and (owns or not named & there)
        if not may_come and not named & open_ones:
            problems.append(
                f"{use.place}: there is no key '{use.shown}' that "
                f"{'you' if len(callers) == 1 else 'you and the owner'} may decrypt"
            )
    return problems


def _refs(use: KeyUse, pack_ref: str) -> list[str]:
    return [ref for name in candidates(use.path) for ref in spellings(name, pack_ref)]


def spellings(name: str, pack_ref: str | None) -> tuple[str, ...]:
    """Return the refs that a name means in the templates of a pack, the exact one last."""
    if pack_ref is None:
        return (name,)
    return f"pack.{pack_ref}.{name}", f"{pack_ref}.{name}", name
