"""Which rows exist for a caller, as SQL conditions (contract, k.4).

A standard pack is everybody's, and so is one that the system installed. A person's own
pack is theirs alone: an administrator does not see it unless a grant names it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from attune.db.models.execution import Execution
from attune.db.models.pack import Pack
from attune.domain import delegation
from attune.domain.permission import Action, Caller, Constraints, Grant, Resource


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where a table keeps the facts that constraints speak of; None: it has none."""

    pack_ref: Any = None
    is_part_of_pack: bool = False
    """Belongs to the owner of its pack as well."""
    owner_identity_id: Any = None
    owner_type: Any = None
    owner_ref: Any = None
    visibility: Any = None
    execution_id: Any = None
    ref: Any = None
    trigger_ref: Any = None
    id: Any = None
    encrypted: Any = None


def visible_packs(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which a pack exists for the caller."""
    conditions: list[ColumnElement[bool]] = [
        Pack.is_standard.is_(True),
        Pack.owner_identity_id.is_(None),
    ]
    if caller.identity_id is not None:
        conditions.append(Pack.owner_identity_id == caller.identity_id)
    named = named_packs(caller)
    if named:
        conditions.append(Pack.ref.in_(sorted(named)))
    return or_(*conditions)


def in_visible_pack(caller: Caller, pack_ref: Any) -> ColumnElement[bool]:
    """Return the condition that a row's pack is not hidden from the caller.

    A row without a pack, or of a pack that is gone, is not hidden by this rule.
    """
    hidden = select(Pack.id).where(Pack.ref == pack_ref, ~visible_packs(caller))
    return ~hidden.exists()


def in_visible_home(
    caller: Caller, home_pack_id: Any, owner_id: Any
) -> ColumnElement[bool]:
    """Return the condition that where a record comes from is not hidden.

    What came from a private pack does not come to light when the pack is gone, or when
    another one has taken over its ref; its owner keeps it.
    """
    packs = select(Pack.id).where(visible_packs(caller))
    return or_(
        home_pack_id.is_(None),
        home_pack_id.in_(packs),
        _equals(owner_id, caller.identity_id),
    )


def permitted(
    caller: Caller, resource: Resource, action: Action, columns: Columns
) -> ColumnElement[bool]:
    """Return the condition that some grant of the caller covers the row.

    For lists and single reads; a single write asks `Caller.require` with a Target.
    """
    grants = caller.grants_for(resource, action)
    return or_(false(), *(_covers(caller, grant, columns) for grant in grants))


def visible(
    caller: Caller, resource: Resource, columns: Columns
) -> ColumnElement[bool]:
    """Return the condition under which a row exists for the caller at all.

    Its pack is not hidden, and some grant lets the caller read it.
    """
    readable = permitted(caller, resource, Action.READ, columns)
    if columns.pack_ref is None:
        return readable
    return and_(in_visible_pack(caller, columns.pack_ref), readable)


def named_packs(caller: Caller) -> frozenset[str]:
    """Return the packs that the caller's grants name, and the one it acts from."""
    named = caller.known_packs
    if named is None:
        named = delegation.named_packs(caller.grants)
    if caller.action_ref is None:
        return named
    return named | {caller.action_ref.partition(".")[0]}


def _covers(caller: Caller, grant: Grant, columns: Columns) -> ColumnElement[bool]:
    if grant.constraints is None:
        return true()
    return and_(true(), *_conditions(caller, grant.constraints, columns))


def _conditions(
    caller: Caller, constraints: Constraints, columns: Columns
) -> Iterable[ColumnElement[bool]]:
    yield from _memberships(constraints, columns)
    if constraints.encrypted is not None:
        yield _equals(columns.encrypted, constraints.encrypted)
    if constraints.owner == "self":
        yield _is_own(caller, columns)
    if constraints.owner == "none":
        yield _is_nobodys(columns)
    if constraints.execution_scope == "self":
        yield _equals(columns.execution_id, caller.execution_id)
    if constraints.execution_scope == "descendants":
        yield _descends(columns.execution_id, caller.execution_id)
    if constraints.attributes is not None and any(
        caller.attributes.get(name) != value
        for name, value in constraints.attributes.items()
    ):
        yield false()


def _memberships(
    constraints: Constraints, columns: Columns
) -> Iterable[ColumnElement[bool]]:
    for column, allowed in (
        (columns.pack_ref, constraints.pack_refs),
        (columns.owner_type, constraints.owner_types),
        (columns.owner_ref, constraints.owner_refs),
        (columns.visibility, constraints.visibility),
        (columns.ref, constraints.refs),
        (columns.trigger_ref, constraints.trigger_refs),
        (columns.id, constraints.ids),
    ):
        if allowed is not None:
            yield false() if column is None else column.in_(sorted(allowed))


def _is_own(caller: Caller, columns: Columns) -> ColumnElement[bool]:
    owned = _equals(columns.owner_identity_id, caller.identity_id)
    if not columns.is_part_of_pack or caller.identity_id is None:
        return owned
    own_packs = select(Pack.ref).where(Pack.owner_identity_id == caller.identity_id)
    return or_(owned, columns.pack_ref.in_(own_packs))


def _is_nobodys(columns: Columns) -> ColumnElement[bool]:
    """Hold for what no identity owns, and for all of a standard pack."""
    owner = columns.owner_identity_id
    unowned = true() if owner is None else owner.is_(None)
    if not columns.is_part_of_pack:
        return unowned
    pack = Pack.ref == columns.pack_ref
    private = select(Pack.id).where(pack, Pack.owner_identity_id.is_not(None))
    standard = select(Pack.id).where(pack, Pack.is_standard)
    return or_(and_(unowned, ~private.exists()), standard.exists())


def _descends(column: Any, execution_id: int | None) -> ColumnElement[bool]:
    """Hold for an execution and for everything it started, however deep."""
    if column is None or execution_id is None:
        return false()
    family = select(Execution.id).where(Execution.id == execution_id)
    # Without a name: two grants of one caller may ask for the same.
    tree = family.cte(recursive=True)
    children = select(Execution.id).join(tree, Execution.parent_id == tree.c.id)
    whole = tree.union(children)
    condition: ColumnElement[bool] = column.in_(select(whole.c.id))
    return condition


def _equals(column: Any, value: object) -> ColumnElement[bool]:
    if column is None or value is None:
        return false()
    condition: ColumnElement[bool] = column == value
    return condition
