"""What somebody may hand on: never more than they may do themselves."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from attune.domain.permission import (
    MEANT,
    Action,
    Caller,
    Constraints,
    Grant,
    Resource,
)

OF_PACK: Final = frozenset(
    {
        Resource.PACKS,
        Resource.ACTIONS,
        Resource.TRIGGERS,
        Resource.RUNTIMES,
        Resource.KEYS,
    }
)
"""What belongs to whoever owns its pack, so that a pack's owner may share it."""

_SETS: Final = (
    "pack_refs",
    "owner_types",
    "owner_refs",
    "visibility",
    "refs",
    "trigger_refs",
    "ids",
)
_SCOPES: Final = ("self", "descendants", "any")
"""From narrow to wide."""


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """What somebody has to hand on."""

    grants: tuple[Grant, ...]
    attributes: Mapping[str, object] = field(default_factory=dict)
    own_packs: Collection[str] = ()
    """The packs that are theirs."""
    hidden_packs: Collection[str] = ()
    """The packs that exist and that they do not see: a grant that names one shows it."""
    reaching: Collection[Grant] = ()
    """Grants that show keys or artifacts which others keep for themselves."""


def holdings(
    caller: Caller,
    *,
    own_packs: Collection[str] = (),
    hidden_packs: Collection[str] = (),
    reaching: Collection[Grant] = (),
) -> Holdings:
    """Return what a caller has to hand on."""
    return Holdings(
        grants=caller.grants,
        attributes=caller.attributes,
        own_packs=own_packs,
        hidden_packs=hidden_packs,
        reaching=reaching,
    )


def excess(held: Holdings, wanted: Iterable[Grant]) -> list[str]:
    """Return what of `wanted` goes beyond what is held, as `resource:action`.

    One grant of ours has to cover the whole of what is handed on; pieces of several do
    not add up, except over actions.
    """
    beyond = {
        f"{grant.resource}:{action}"
        for grant in wanted
        for action in grant.actions & MEANT[grant.resource]
        if not any(_covers(held, mine, grant, action) for mine in held.grants)
    }
    return sorted(beyond)


def named_packs(grants: Iterable[Grant]) -> frozenset[str]:
    """Return the packs that grants name."""
    return frozenset[str]().union(
        *(
            grant.constraints.pack_refs
            for grant in grants
            if grant.constraints and grant.constraints.pack_refs
        )
    )


def names_things(constraints: Constraints | None) -> bool:
    """Tell whether a grant speaks of certain things, and not of its resource at large.

    Only such a grant speaks of what another identity keeps for itself.
    """
    return constraints is not None and (
        constraints.owner == "any"
        or "identity" in (constraints.owner_types or ())
        or bool(constraints.owner_refs or constraints.refs or constraints.ids)
    )


def intersect(ours: Iterable[Grant], theirs: Iterable[Grant]) -> tuple[Grant, ...]:
    """Return what both sides allow: both constraints hold, and both name the action."""
    held = tuple(ours)
    found: list[Grant] = []
    for both in (_both(mine, grant) for grant in theirs for mine in held):
        if both is not None and both not in found:
            found.append(both)
    return tuple(found)


def _covers(held: Holdings, mine: Grant, theirs: Grant, action: Action) -> bool:
    if mine.resource is not theirs.resource or action not in mine.actions:
        return False
    given = theirs.constraints or Constraints()
    named = given.pack_refs or frozenset()
    if named & frozenset(held.hidden_packs):
        return False
    if theirs in held.reaching and not names_things(mine.constraints):
        return False
    return mine.constraints is None or _is_within(
        given, mine.constraints, held, theirs.resource
    )


def _is_within(
    given: Constraints, mine: Constraints, held: Holdings, resource: Resource
) -> bool:
    """Tell whether whatever fulfills `given` fulfills `mine` too."""
    return (
        all(_narrows(getattr(given, name), getattr(mine, name)) for name in _SETS)
        and mine.encrypted in (None, given.encrypted)
        and _owner_narrows(given, mine, held, resource)
        and _scope_narrows(given.execution_scope, mine.execution_scope)
        and _attributes_narrow(given.attributes, mine.attributes, held.attributes)
    )


def _narrows(given: Collection[object] | None, mine: Collection[object] | None) -> bool:
    return mine is None or (given is not None and frozenset(given) <= frozenset(mine))


def _owner_narrows(
    given: Constraints, mine: Constraints, held: Holdings, resource: Resource
) -> bool:
    if mine.owner in (None, "any", given.owner):
        return True
    return (
        mine.owner == "self"
        and resource in OF_PACK
        and bool(given.pack_refs)
        and _narrows(given.pack_refs, held.own_packs)
    )


def _scope_narrows(given: str | None, mine: str | None) -> bool:
    return _SCOPES.index(given or "any") <= _SCOPES.index(mine or "any")


def _attributes_narrow(
    given: Mapping[str, object] | None,
    mine: Mapping[str, object] | None,
    attributes: Mapping[str, object],
) -> bool:
    if mine is None:
        return True
    return given is not None and all(
        attributes.get(name) == value and given.get(name) == value
        for name, value in mine.items()
    )


def _both(mine: Grant, theirs: Grant) -> Grant | None:
    """Return what two grants allow together, or None for nothing."""
    actions = mine.actions & theirs.actions
    if mine.resource is not theirs.resource or not actions:
        return None
    constraints = theirs.constraints or mine.constraints
    if mine.constraints is not None and theirs.constraints is not None:
        joined = dict(_joined(mine.constraints, theirs.constraints))
        if not all(_is_possible(value) for value in joined.values()):
            return None
        constraints = Constraints(**joined)
    return Grant(resource=mine.resource, actions=actions, constraints=constraints)


_IMPOSSIBLE: Final = object()


def _joined(mine: Constraints, theirs: Constraints) -> Iterator[tuple[str, object]]:
    """Yield each constraint such that both sides hold where it holds."""
    for name in _SETS:
        yield name, _common(getattr(mine, name), getattr(theirs, name))
    yield "encrypted", _same(mine.encrypted, theirs.encrypted)
    yield "owner", _same(_particular(mine.owner), _particular(theirs.owner))
    yield "execution_scope", _narrower(mine.execution_scope, theirs.execution_scope)
    yield "attributes", _merged(mine.attributes, theirs.attributes)


def _is_possible(value: object) -> bool:
    return value is not _IMPOSSIBLE and value != frozenset()


def _common(
    mine: frozenset[object] | None, theirs: frozenset[object] | None
) -> frozenset[object] | None:
    if mine is None or theirs is None:
        return theirs if mine is None else mine
    return mine & theirs


def _same(mine: object, theirs: object) -> object:
    if mine is None or theirs is None:
        return theirs if mine is None else mine
    return mine if mine == theirs else _IMPOSSIBLE


def _particular(owner: str | None) -> str | None:
    return None if owner == "any" else owner


def _narrower(mine: str | None, theirs: str | None) -> str | None:
    return min(mine, theirs, key=lambda scope: _SCOPES.index(scope or "any"))


def _merged(
    mine: Mapping[str, object] | None, theirs: Mapping[str, object] | None
) -> object:
    if mine is None or theirs is None:
        return theirs if mine is None else mine
    if any(mine[name] != theirs[name] for name in mine.keys() & theirs.keys()):
        return _IMPOSSIBLE
    return {**mine, **theirs}
