"""Which notifications exist for whom."""

from collections import Counter
from typing import Any

import pytest

from attune.db.database import Database, Transaction
from attune.db.models import Pack
from attune.db.repositories.notification import NotificationFilter
from attune.domain.key import OwnerType
from attune.domain.page import PageRequest
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
    make_enforcement,
    make_event,
    make_execution,
    make_identity,
    make_inquiry,
    make_key,
    make_pack,
    make_policy,
    make_rule,
    make_runtime,
    make_sensor,
    make_trigger,
)

EVERYTHING = tuple(
    Grant(resource=resource, actions=frozenset(Action)) for resource in Resource
)


def person(identity_id: int, grants: tuple[Grant, ...] = EVERYTHING) -> Caller:
    return Caller(
        identity_id=identity_id,
        login="somebody",
        token_type=TokenType.ACCESS,
        grants=grants,
    )


def reads(resource: Resource, **constraints: Any) -> Grant:
    return Grant(
        resource=resource,
        actions=frozenset({Action.READ}),
        constraints=Constraints(**constraints) if constraints else None,
    )


async def seen(database: Database, caller: Caller) -> Counter[str]:
    """Return how many notifications of each kind exist for the caller."""
    async with database.autocommit() as tx:
        listed = await tx.notifications.page(
            PageRequest(limit=1000), NotificationFilter(), caller
        )
    return Counter(row.entity_type for row in listed.items)


async def make_everything(tx: Transaction, pack: Pack) -> None:
    """Make one of each kind that belongs to a pack."""
    runtime = await make_runtime(tx, pack)
    action = await make_action(tx, pack, runtime_id=runtime.id)
    trigger = await make_trigger(tx, pack)
    await make_sensor(tx, pack, trigger)
    rule = await make_rule(tx, trigger, action)
    await make_policy(tx, action)
    await make_key(tx, owner_type=OwnerType.PACK, owner_pack_id=pack.id)
    await make_event(tx, trigger)
    await make_enforcement(tx, rule)
    execution = await make_execution(tx, action)
    await make_inquiry(tx, execution)


KINDS = {
    "pack",
    "runtime",
    "action",
    "trigger",
    "sensor",
    "rule",
    "policy",
    "key",
    "event",
    "enforcement",
    "execution",
    "inquiry",
}


@pytest.fixture
async def ada(database: Database) -> int:
    async with database.transaction() as tx:
        return (await make_identity(tx)).id


@pytest.fixture
async def bob(database: Database) -> int:
    async with database.transaction() as tx:
        return (await make_identity(tx)).id


async def test_nothing_of_a_private_pack_reaches_another(
    database: Database, ada: int, bob: int
) -> None:
    async with database.transaction() as tx:
        pack = await make_pack(tx, owner_identity_id=ada)
        await make_everything(tx, pack)

    mine, others = await seen(database, person(ada)), await seen(database, person(bob))

    assert set(mine) >= KINDS
    assert set(others) == {"identity"}


async def test_nor_when_the_pack_is_gone_or_its_ref_taken_over(
    database: Database, ada: int, bob: int
) -> None:
    async with database.transaction() as tx:
        pack = await make_pack(tx, owner_identity_id=ada)
        ref = pack.ref
        await make_rule(tx, await make_trigger(tx, pack), await make_action(tx, pack))
    async with database.transaction() as tx:
        await tx.packs.remove(await tx.packs.get_by_ref(ref))
    async with database.transaction() as tx:
        taken = await make_pack(tx, ref=ref, owner_identity_id=bob)
        await make_trigger(tx, taken)

    others = await seen(database, person(bob))
    mine = await seen(database, person(ada))

    assert others == {"identity": 2, "pack": 1, "trigger": 1}
    assert mine["pack"] == 2  # made and removed


async def test_what_everybody_sees_is_told_to_those_with_the_grant(
    database: Database, ada: int
) -> None:
    async with database.transaction() as tx:
        pack = await make_pack(tx)
        await make_everything(tx, pack)

    assert set(await seen(database, person(ada))) >= KINDS
    assert set(await seen(database, person(ada, ()))) == {"identity"}
    only_rules = person(ada, (reads(Resource.RULES),))
    assert set(await seen(database, only_rules)) == {"identity", "rule"}
    elsewhere = person(ada, (reads(Resource.EXECUTIONS, pack_refs={"elsewhere"}),))
    assert set(await seen(database, elsewhere)) == {"identity"}


async def test_person_is_told_of_what_is_asked_of_them(
    database: Database, ada: int, bob: int
) -> None:
    async with database.transaction() as tx:
        execution = await make_execution(tx)
        await make_inquiry(tx, execution, assigned_to_id=ada)

    assert (await seen(database, person(ada, ())))["inquiry"] == 1
    assert "inquiry" not in await seen(database, person(bob, ()))


async def test_key_of_a_person_is_nobody_elses(
    database: Database, ada: int, bob: int
) -> None:
    async with database.transaction() as tx:
        await make_key(tx, owner_type=OwnerType.IDENTITY, owner_identity_id=ada)

    assert (await seen(database, person(ada)))["key"] == 1
    assert "key" not in await seen(database, person(bob))


async def test_execution_is_told_of_itself_and_what_it_started(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        action = await make_action(tx)
        mine = await make_execution(tx, action)
        await make_execution(tx, action, parent_id=mine.id)
        await make_execution(tx, action)
    caller = Caller(
        identity_id=None,
        login="",
        token_type=TokenType.EXECUTION,
        execution_id=mine.id,
        action_ref=action.ref,
        grants=(reads(Resource.EXECUTIONS, execution_scope="descendants"),),
    )

    assert await seen(database, caller) == {"execution": 2}


async def test_sensor_is_told_of_the_rules_of_its_triggers_whoever_owns_them(
    database: Database, ada: int
) -> None:
    async with database.transaction() as tx:
        private = await make_pack(tx, owner_identity_id=ada)
        trigger = await make_trigger(tx)
        rule = await make_rule(tx, trigger, await make_action(tx, private))
        await make_rule(tx)
        await tx.rules.note_error(rule.id, "what it compares is no number")
    caller = Caller(
        identity_id=None,
        login="sensor",
        token_type=TokenType.SENSOR,
        trigger_refs=frozenset({trigger.ref}),
        grants=EVERYTHING,
    )

    assert await seen(database, caller) == {"rule": 1}
    # That it fails is told to its owner.
    assert (await seen(database, person(ada)))["rule"] == 3


async def test_what_the_platform_does_not_know_goes_to_the_auditor(
    database: Database, ada: int
) -> None:
    async with database.transaction() as tx:
        await make_pack(tx)
        connection = await tx.session.connection()
        await connection.exec_driver_sql(
            "INSERT INTO attune.notification"
            " (channel, entity_type, entity, activity, content)"
            " VALUES ('a', 'thing', 'x', 'made', '[]'), ('a', 'execution', 'x', 'y', '1')"
        )

    assert (await seen(database, person(ada)))["thing"] == 1
    assert "execution" not in await seen(database, person(ada))
    reader = person(ada, (reads(Resource.EXECUTIONS), reads(Resource.PACKS)))
    assert set(await seen(database, reader)) == {"identity", "pack"}
