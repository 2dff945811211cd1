"""Which rows exist for whom."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select

from attune.db.database import Transaction
from attune.db.models import Action as ActionRow
from attune.db.models import Execution, Pack
from attune.db.visibility import Columns, in_visible_pack, visible, visible_packs
from attune.domain.permission import (
    Action,
    Caller,
    Constraints,
    Grant,
    Resource,
    TokenType,
)
from tests.support.builders import (
    make_action,
    make_execution,
    make_identity,
    make_pack,
)

ACTIONS = Columns(pack_ref=ActionRow.pack_ref, ref=ActionRow.ref, id=ActionRow.id)
EXECUTIONS = Columns(pack_ref=Execution.pack_ref, execution_id=Execution.id)


def caller(identity_id: int | None = 1, *grants: Grant, **facts: Any) -> Caller:
    facts = {"token_type": TokenType.ACCESS, "login": "ann"} | facts
    return Caller(identity_id=identity_id, grants=grants, **facts)


def may_read(resource: Resource, **constraints: Any) -> Grant:
    return Grant(
        resource=resource,
        actions=frozenset({Action.READ}),
        constraints=Constraints(**constraints) if constraints else None,
    )


async def refs(tx: Transaction, model: Any, condition: ColumnElement[bool]) -> set[str]:
    return set(await tx.session.scalars(select(model.ref).where(condition)))


async def test_a_pack_exists_for_its_owner_and_for_whom_a_grant_names_it(
    tx: Transaction,
) -> None:
    ann, bob = await make_identity(tx), await make_identity(tx)
    await make_pack(tx, ref="standard", is_standard=True, owner_identity_id=bob.id)
    await make_pack(tx, ref="installed")
    await make_pack(tx, ref="anns", owner_identity_id=ann.id)
    await make_pack(tx, ref="bobs", owner_identity_id=bob.id)

    async def seen(who: Caller) -> set[str]:
        return await refs(tx, Pack, visible_packs(who))

    everybodys = {"standard", "installed"}
    administrator = caller(ann.id, *map(may_read, Resource))
    assert await seen(administrator) == everybodys | {"anns"}
    assert await seen(caller(None)) == everybodys
    named = caller(None, may_read(Resource.KEYS, pack_refs=frozenset({"bobs"})))
    assert await seen(named) == everybodys | {"bobs"}
    running = caller(None, action_ref="bobs.deploy")
    assert await seen(running) == everybodys | {"bobs"}


async def test_what_is_in_a_hidden_pack_is_hidden(tx: Transaction) -> None:
    ann, bob = await make_identity(tx), await make_identity(tx)
    hidden = await make_pack(tx, owner_identity_id=bob.id)
    action = await make_action(tx, await make_pack(tx))
    await make_action(tx, hidden)

    assert await refs(
        tx, ActionRow, in_visible_pack(caller(ann.id), ActionRow.pack_ref)
    ) == {action.ref}


async def test_without_a_grant_nothing_is_seen(tx: Transaction) -> None:
    await make_action(tx)

    assert (
        await refs(tx, ActionRow, visible(caller(), Resource.ACTIONS, ACTIONS)) == set()
    )


async def test_constraints_cut_a_list_down_and_grants_add_up(tx: Transaction) -> None:
    first, second, third = [await make_action(tx) for _ in range(3)]

    async def seen(*grants: Grant) -> set[str]:
        return await refs(
            tx, ActionRow, visible(caller(1, *grants), Resource.ACTIONS, ACTIONS)
        )

    by_pack = may_read(Resource.ACTIONS, pack_refs=frozenset({first.pack_ref}))
    by_ref = may_read(Resource.ACTIONS, refs=frozenset({second.ref}))
    by_both = may_read(
        Resource.ACTIONS, refs=frozenset({third.ref}), ids=frozenset({first.id})
    )
    unknown = may_read(Resource.ACTIONS, encrypted=True)
    of_others = may_read(Resource.RULES)
    assert await seen(by_pack) == {first.ref}
    assert await seen(by_pack, by_ref) == {first.ref, second.ref}
    assert await seen(by_both) == set()
    assert await seen(unknown) == set()
    assert await seen(of_others) == set()
    assert await seen(may_read(Resource.ACTIONS)) == {
        first.ref,
        second.ref,
        third.ref,
    }


async def test_attributes_of_the_caller_decide_too(tx: Transaction) -> None:
    action = await make_action(tx)
    grant = may_read(Resource.ACTIONS, attributes={"team": "ops"})

    async def seen(**attributes: str) -> set[str]:
        who = caller(1, grant, attributes=attributes)
        return await refs(tx, ActionRow, visible(who, Resource.ACTIONS, ACTIONS))

    assert await seen(team="ops") == {action.ref}
    assert await seen(team="sales") == set()


async def executions_seen(tx: Transaction, scope: str, own: int) -> Sequence[int]:
    grant = may_read(Resource.EXECUTIONS, execution_scope=scope)
    who = caller(1, grant, execution_id=own)
    condition = visible(who, Resource.EXECUTIONS, EXECUTIONS)
    query = select(Execution.id).where(condition).order_by(Execution.id)
    return (await tx.session.scalars(query)).all()


async def test_an_execution_sees_itself_and_what_it_started(tx: Transaction) -> None:
    parent = await make_execution(tx)
    child = await make_execution(tx, parent_id=parent.id)
    grandchild = await make_execution(tx, parent_id=child.id)
    await make_execution(tx)

    assert await executions_seen(tx, "self", child.id) == [child.id]
    assert await executions_seen(tx, "descendants", parent.id) == [
        parent.id,
        child.id,
        grandchild.id,
    ]
    assert await executions_seen(tx, "descendants", child.id) == [
        child.id,
        grandchild.id,
    ]
