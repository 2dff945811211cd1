"""Which runtime a pack means when it says `python`."""

from collections.abc import Iterable

from attune.db.database import Transaction
from attune.db.models.runtime import Runtime
from attune.db.visibility import in_visible_pack
from attune.domain.permission import Caller
from attune.domain.runtime import canonical_runtime_name
from attune.packs.component import ActionDocument, RuntimeDocument, SensorDocument
from attune.packs.definition import Components, Sourced
from attune.packs.problems import Problems

PREFERRED = "core."


async def find_runtimes(
    tx: Transaction, caller: Caller, components: Components, problems: Problems
) -> dict[str, str]:
    """Return the ref of every runtime that the pack's code names, by that name.

    Its own runtimes come first, then the core pack's, then others that the caller sees.
    """
    own = _own_names(each.document for each in components.runtimes)
    found: dict[str, str] = {}
    named: Iterable[Sourced[ActionDocument | SensorDocument]] = [
        *components.actions,
        *components.sensors,
    ]
    for each in named:
        name = each.document.runtime
        ref = (
            found.get(name)
            or own.get(name.lower())
            or own.get(_word(name))
            or await _find(tx, caller, name)
        )
        if ref is None:
            problems.add(each.source, f"runner_type: there is no runtime {name[:80]}")
        else:
            found[name] = ref
    return found


def _word(name: str) -> str:
    return canonical_runtime_name(name)


def _own_names(runtimes: Iterable[RuntimeDocument]) -> dict[str, str]:
    names: dict[str, str] = {}
    for runtime in runtimes:
        local = runtime.ref.partition(".")[2]
        for name in (runtime.ref, local, runtime.name, *runtime.aliases):
            # As it calls itself: `builtin` also is a word for native, but a name first.
            names.setdefault(name.lower(), runtime.ref)
    return names


async def _find(tx: Transaction, caller: Caller, name: str) -> str | None:
    candidates = [
        *await tx.runtimes.find_by_alias(name),
        *await tx.runtimes.find_by_alias(_word(name)),
    ]
    candidates.sort(key=lambda each: not each.ref.startswith(PREFERRED))
    among = in_visible_pack(caller, Runtime.pack_ref)
    for candidate in candidates:
        if await tx.runtimes.find_by_ref(candidate.ref, among=among):
            return candidate.ref
    return None
