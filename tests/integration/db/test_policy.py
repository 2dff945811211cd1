"""Policies in the database: on what they bear, and who waits where."""

from typing import Any

from sqlalchemy import text

from attune.db.database import Transaction
from attune.db.models import Execution
from attune.db.repositories.policy import IS_LIMITED, PolicyFilter
from attune.domain.execution import ExecutionStatus
from attune.domain.page import PageRequest
from attune.domain.policy import PolicyScope
from tests.support.builders import make_action, make_execution, make_policy, unique


async def test_policies_bear_on_what_is_in_their_scope(tx: Transaction) -> None:
    action, other = await make_action(tx), await make_action(tx)
    own = await make_policy(tx, action)
    await make_policy(tx, other, enabled=False)
    await make_policy(tx)
    for each in (action, other):
        await make_execution(tx, each)

    async def limited() -> set[str]:
        query = f"SELECT action_ref FROM attune.execution WHERE {IS_LIMITED}"  # noqa: S608 - a constant
        return set(await tx.session.scalars(text(query)))

    assert await limited() == {action.ref}
    assert own.ref in {terms.ref for terms in await tx.policies.enabled()}
    await make_policy(tx, action, scope_type="global", action_id=None)
    assert await limited() == {action.ref, other.ref}


async def test_policies_are_found_by_what_they_are_about(tx: Transaction) -> None:
    action = await make_action(tx)
    first = await make_policy(tx, action, tags=["calm", "night"])
    second = await make_policy(
        tx, action, scope_type="pack", action_id=None, pack_id=action.pack_id
    )
    await make_policy(tx)

    async def found(**wanted: Any) -> list[int]:
        page = await tx.policies.page(PageRequest(), PolicyFilter(**wanted))
        return [policy.id for policy in page.items]

    assert await found(action_ref=action.ref) == [first.id]
    assert await found(tag="night") == [first.id]
    assert await found(scope=PolicyScope.PACK) == [second.id]


async def test_a_waiting_execution_has_a_place_in_its_queue(tx: Transaction) -> None:
    action = await make_action(tx)

    async def waiting(group: str, policy: str = "p.one") -> Execution:
        said = {"policy": policy, "group": {"host": group}, "since": unique("t")}
        return await make_execution(
            tx, action, status=ExecutionStatus.SCHEDULING, waiting_for=said
        )

    queue = [await waiting("a"), await waiting("a")]
    others = [await waiting("b"), await waiting("a", "p.two")]

    facts = await tx.waiting.facts([each.id for each in (*queue, *others)])
    assert [facts[each.id].place for each in queue] == [1, 2]
    assert [facts[each.id].place for each in others] == [1, 1]
