"""Admission over real rows: what goes on, and what waits for what."""

from datetime import datetime, timedelta

import asyncpg

from attune.clock import utc_now
from attune.db.database import Database
from attune.domain.policy import PolicyMethod, PolicyScope
from attune.services.admission import Look
from tests.integration.services.admitting import S, Scene, limited
from tests.support.builders import (
    make_action,
    make_execution,
    make_pack,
    make_policy,
    make_runtime,
    unique,
)


async def test_the_first_go_on_and_the_others_say_what_they_wait_for(
    database: Database,
) -> None:
    one, policy = await limited(database, threshold=2)
    ids = await one.request(*[{}] * 3)

    look = await one.service.admit()

    assert look == Look(waits=True)
    assert await one.statuses(ids) == [S.REQUESTED, S.REQUESTED, S.SCHEDULING]
    assert await one.admitted(ids) == ids[:2]
    last = await one.row(ids[2])
    assert last.waiting_for is not None
    assert last.enqueued_at is not None
    since = last.waiting_for.pop("since")
    assert datetime.fromisoformat(since) == last.enqueued_at
    assert last.waiting_for == {"kind": "policy", "policy": policy.ref, "group": {}}


async def test_nothing_is_claimed_that_is_not_admitted(database: Database) -> None:
    one, _ = await limited(database, threshold=1)
    ids = await one.request({}, {})
    assert await one.dispatch.claim() == []

    await one.service.admit()

    [hosting] = await one.dispatch.claim()
    assert [each.execution_id for each in hosting.executions] == ids[:1]
    assert await one.dispatch.claim() == []


async def test_an_end_makes_room_for_the_next_in_the_queue(database: Database) -> None:
    one, _ = await limited(database, threshold=1)
    ids = await one.request(*[{}] * 3)
    order = []
    for _ in ids:
        await one.service.admit()
        [now] = [i for i in await one.admitted(ids) if i not in order]
        order.append(now)
        await one.end([now])

    assert order == ids
    assert (await one.row(ids[2])).waiting_for is None


async def test_a_wait_is_written_once(
    database: Database, sql: asyncpg.Connection
) -> None:
    one, _ = await limited(database, threshold=0)
    ids = await one.request({}, {})
    versions = "SELECT xmin::text FROM attune.execution WHERE id = ANY($1) ORDER BY id"
    await one.service.admit()
    before = await sql.fetch(versions, ids)

    await one.service.admit()

    assert await sql.fetch(versions, ids) == before


async def test_nested_parameters_form_groups(database: Database) -> None:
    one, policy = await limited(database, parameters=["host.name", "zone"])
    a, b = {"host": {"name": "a"}}, {"host": {"name": "b"}}
    ids = await one.request(
        *(a, b, {**a, "zone": None}, {**a, "zone": 1}, {"host": "a"}, {})
    )

    await one.service.admit()

    # What is null or not there, or has nothing inside, is all the same.
    waiting = [each for each in ids if each not in await one.admitted(ids)]
    assert waiting == [ids[2], ids[5]]
    said = (await one.row(ids[2])).waiting_for
    assert said is not None
    assert said["group"] == {"host.name": "a", "zone": None}
    assert said["policy"] == policy.ref


async def test_a_long_value_of_a_group_is_cut_where_it_is_shown(
    database: Database,
) -> None:
    one, _ = await limited(database, threshold=0, parameters=["text"])
    [only] = await one.request({"text": "x" * 5000})

    await one.service.admit()

    said = (await one.row(only)).waiting_for
    assert said is not None
    assert said["group"]["text"] == '"' + "x" * 199 + "…"


async def test_whatever_is_live_holds_a_place(database: Database) -> None:
    one, _ = await limited(database, threshold=5)
    for status in (S.SCHEDULED, S.RUNNING, S.CANCELING):
        await one.request({}, status=status)
    await one.request({}, workflow_id="claimed-before-the-policy")
    await one.request({}, status=S.COMPLETED)
    ids = await one.request({}, {})

    await one.service.admit()
    await one.service.admit()

    assert await one.admitted(ids) == ids[:1]


async def test_beyond_a_limit_that_cancels_executions_end(database: Database) -> None:
    one, policy = await limited(database, threshold=1, method=PolicyMethod.CANCEL)
    ids = await one.request({}, {})

    await one.service.admit()

    assert await one.statuses(ids) == [S.REQUESTED, S.CANCELLED]
    ended = await one.row(ids[1])
    assert ended.finished_at is not None
    assert ended.result == {
        "succeeded": False,
        "error": f"Cancelled by policy {policy.ref}: at most 1 may run at once",
        "cancelled": True,
        "policy": policy.ref,
    }


async def test_a_rate_lets_so_many_start_in_the_window(database: Database) -> None:
    one, policy = await limited(
        database,
        threshold=None,
        rate_limit_max_executions=2,
        rate_limit_window_seconds=60,
        parameters=["host"],
    )
    ids = await one.request(*[{"host": "a"}] * 3, {"host": "b"})

    look = await one.service.admit()

    assert await one.admitted(ids) == [ids[0], ids[1], ids[3]]
    assert look.room_in_seconds is None
    again = await one.service.admit()
    assert again.room_in_seconds is not None
    assert 55 < again.room_in_seconds <= 60
    await one.end(ids[:2])
    await one.service.admit()
    assert ids[2] not in await one.admitted(ids)
    past = utc_now() - timedelta(seconds=61)
    await one.set(ids[:1], admitted_at=past)
    await one.service.admit()
    assert ids[2] in await one.admitted(ids)
    assert policy.rate_limit_max_executions == 2


async def test_a_quota_limits_what_runs_without_groups(database: Database) -> None:
    one, _ = await limited(
        database,
        threshold=5,
        parameters=["host"],
        quotas=[{"quota_type": "running_executions", "limit": 2}],
    )
    ids = await one.request({"host": 1}, {"host": 2}, {"host": 3})

    await one.service.admit()

    assert await one.admitted(ids) == ids[:2]


async def test_a_pack_and_everything_count_only_what_runs_code(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        pack = await make_pack(tx)
        runtime = await make_runtime(tx, pack)
        engine = await make_runtime(
            tx, await make_pack(tx, ref="core"), ref="core.builtin"
        )
        ref = f"{pack.ref}.{unique('flow')}"
        flow = await make_action(tx, pack, engine, ref=ref)
        code = await make_action(tx, pack, runtime)
        elsewhere = await make_action(tx)
        await make_policy(
            tx, ref=f"{pack.ref}.calm", scope_type=PolicyScope.PACK, action_id=None,
            pack_id=pack.id, threshold=1,
        )  # fmt: skip
        await make_policy(
            tx, scope_type=PolicyScope.GLOBAL, action_id=None, threshold=2
        )
        made = [
            await make_execution(tx, each)
            for each in (flow, flow, code, code, elsewhere, elsewhere)
        ]
    ids = [each.id for each in made]
    one = Scene(database, code)

    await one.service.admit()

    claimed = [e.execution_id for h in await one.dispatch.claim() for e in h.executions]
    assert sorted(claimed) == [ids[0], ids[1], ids[2], ids[4]]


async def test_changes_of_a_policy_take_effect_at_the_next_look(
    database: Database,
) -> None:
    one, policy = await limited(database, threshold=1)
    ids = await one.request(*[{}] * 6)
    await one.service.admit()

    await one.change(policy, threshold=3)
    await one.service.admit()
    assert await one.admitted(ids) == ids[:3]

    await one.change(policy, threshold=1)
    await one.end(ids[:1])
    await one.service.admit()
    assert await one.admitted(ids) == ids[:3]

    await one.change(policy, enabled=False)
    look = await one.service.admit()
    assert look == Look(is_anything_limited=False)
    assert await one.admitted(ids) == ids


async def test_another_policy_that_holds_it_back_is_named(database: Database) -> None:
    one, _ = await limited(database, threshold=0)
    [only] = await one.request({})
    await one.service.admit()
    since = (await one.row(only)).enqueued_at

    async with database.transaction() as tx:
        other = await make_policy(tx, one.action, threshold=0, priority=1)
    await one.service.admit()

    row = await one.row(only)
    assert row.waiting_for is not None
    assert row.waiting_for["policy"] == other.ref
    assert row.enqueued_at == since
