"""Sensors run while rules need them, one at a time, and what is over has no say."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from attune.db.database import Database
from attune.db.repositories.event import EventFilter
from attune.domain.errors import Conflict
from attune.domain.page import PageRequest
from attune.domain.permission import Action, Resource
from attune.domain.sensor import LEASE_SECONDS, SensorState, StepKind
from attune.runtimes.sensor_launch import HostedSensor, SensorOrders
from attune.security.tokens import InvalidToken
from attune.services.access import AccessService
from attune.services.sealing import seal, sensor_place, trigger_place
from tests.support.builders import make_pack, make_rule, make_trigger
from tests.support.sensing import ENCRYPTION, TOKENS, Sensing, make_sensing


@pytest.fixture
async def sensing(database: Database) -> Sensing:
    """A sensor that one rule needs."""
    return await make_sensing(database)


async def wants_a_look(sensing: Sensing) -> bool:
    return sensing.sensor.ref in await sensing.keeping.find_out_of_step()


async def beat(sensing: Sensing, generation: int) -> SensorOrders:
    hosted = HostedSensor(ref=sensing.sensor.ref, generation=generation)
    return await sensing.runs.beat([hosted])


async def test_a_sensor_that_a_rule_needs_is_started(sensing: Sensing) -> None:
    assert await wants_a_look(sensing)

    order = await sensing.ask()

    assert order.kind is StepKind.RUN
    assert order.queue == f"attune-sensor-{sensing.sensor.runtime_ref}"
    assert not await wants_a_look(sensing)
    launch = await sensing.start(order.generation)
    assert launch.trigger_refs == [sensing.trigger.ref]
    assert (await sensing.ask(order.generation)).kind is StepKind.KEEP
    row = await sensing.process()
    assert (row.state, row.worker, row.start_count) == ("running", sensing.worker.id, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE attune.rule SET enabled = false",
        "DELETE FROM attune.rule",
        "UPDATE attune.trigger SET enabled = false",
        "UPDATE attune.sensor SET enabled = false",
        "UPDATE attune.pack SET enabled = false",
        "DELETE FROM attune.sensor",
    ],
)
async def test_a_sensor_that_nothing_needs_any_more_is_ended(
    sensing: Sensing, sql: asyncpg.Connection, statement: str
) -> None:
    generation = await sensing.running()

    await sql.execute(statement)

    assert await wants_a_look(sensing)
    assert (await sensing.ask(generation)).kind is StepKind.END
    assert (await beat(sensing, generation)).stop == [sensing.sensor.ref]
    await sensing.end(generation, "stopped")
    assert (await sensing.ask()).kind is StepKind.STOP
    assert not await wants_a_look(sensing)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE attune.sensor SET entrypoint = 'sensors/other.py'",
        """UPDATE attune.sensor SET config = '{"depth": 2}'""",
        """UPDATE attune.pack SET config = '{"host": "example.org"}'""",
        "UPDATE attune.pack SET content_hash = 'other'",
        "UPDATE attune.sensor_process SET is_to_restart = true",
    ],
)
async def test_a_sensor_that_was_changed_starts_anew(
    sensing: Sensing, sql: asyncpg.Connection, statement: str
) -> None:
    generation = await sensing.running()
    await sql.execute(statement)

    assert await wants_a_look(sensing)
    assert (await sensing.ask(generation)).kind is StepKind.END
    await sensing.end(generation, "stopped")

    assert await sensing.order() > generation
    assert not await wants_a_look(sensing)


async def test_another_rule_does_not_disturb_it(
    sensing: Sensing, database: Database
) -> None:
    generation = await sensing.running()

    async with database.transaction() as tx:
        await make_rule(tx, sensing.trigger)

    assert not await wants_a_look(sensing)
    assert (await sensing.ask(generation)).kind is StepKind.KEEP


async def test_nothing_starts_beside_a_process_that_may_live(sensing: Sensing) -> None:
    old = await sensing.running()

    assert (await sensing.ask()).kind is StepKind.WAIT
    assert (await beat(sensing, old)).stop == [sensing.sensor.ref]
    await sensing.pass_time(LEASE_SECONDS - 1)
    assert (await sensing.ask()).kind is StepKind.WAIT
    await sensing.pass_time(2)

    new = await sensing.order()
    assert new > old
    assert (await beat(sensing, old)).kill == [sensing.sensor.ref]
    assert "not heard of" in (await sensing.process()).last_error


async def test_what_is_over_has_no_say(sensing: Sensing, database: Database) -> None:
    old = await sensing.running()
    launch = await sensing.start(old)
    await sensing.pass_time(LEASE_SECONDS + 1)
    new = await sensing.order()
    await sensing.start(new)

    with pytest.raises(Conflict):
        await sensing.start(old)
    with pytest.raises(Conflict):
        await sensing.runs.renew(sensing.sensor.ref, old)
    with pytest.raises(Conflict):
        await sensing.logs.append(sensing.sensor.ref, old, "stdout", 0, b"late")
    with pytest.raises(InvalidToken):
        await AccessService(database, TOKENS).identify(launch.token.token)
    await sensing.end(old)
    assert (await sensing.process()).state == SensorState.RUNNING


async def test_a_start_is_taken_once(sensing: Sensing) -> None:
    generation = await sensing.order()
    await sensing.start(generation, "attempt-1")

    await sensing.start(generation, "attempt-1")
    with pytest.raises(Conflict):
        await sensing.start(generation, "attempt-2")

    assert (await sensing.process()).start_count == 1


async def test_failures_rest_longer_and_longer_and_the_third_alerts(
    sensing: Sensing, database: Database
) -> None:
    async with database.transaction() as tx:
        await make_trigger(tx, await make_pack(tx, ref="core"), ref="core.alert")
    pauses = []
    for _ in range(4):
        await sensing.end(await sensing.running())
        order = await sensing.ask()
        assert order.kind is StepKind.WAIT
        pauses.append(round(order.wait_seconds))
        await sensing.pass_time(order.wait_seconds)

    assert pauses == [5, 10, 20, 40]
    row = await sensing.process()
    assert (row.failure_count, row.last_error) == (
        4,
        "ended with code 1: no such host",
    )
    [alert] = await _events(database, "core.alert")
    assert alert.payload["component_ref"] == sensing.sensor.ref
    assert alert.payload["failure_type"] == "sensor_failing"


async def test_a_failure_after_a_good_time_is_the_first(sensing: Sensing) -> None:
    await sensing.end(await sensing.running())
    await sensing.pass_time(10)
    generation = await sensing.running()
    await sensing.pass_time(61)

    await sensing.end(generation)

    assert (await sensing.process()).failure_count == 1


async def test_a_change_ends_the_rest_after_a_failure(
    sensing: Sensing, sql: asyncpg.Connection
) -> None:
    await sensing.end(await sensing.running())
    assert not await wants_a_look(sensing)

    await sql.execute("UPDATE attune.sensor SET entrypoint = 'sensors/mended.py'")

    assert await wants_a_look(sensing)
    await sensing.order()
    assert (await sensing.process()).failure_count == 0


async def test_handing_over_is_no_failure(sensing: Sensing) -> None:
    generation = await sensing.running()

    await sensing.end(generation, "handed_over")

    assert await sensing.order() > generation
    assert (await sensing.process()).failure_count == 0


async def test_a_worker_without_room_makes_it_wait(sensing: Sensing) -> None:
    await sensing.order()

    order = await sensing.ask(declined=True)

    assert order.kind is StepKind.WAIT
    await sensing.pass_time(order.wait_seconds)
    await sensing.order()


async def test_a_runtime_that_cannot_be_had_is_a_failure(database: Database) -> None:
    sensing = await make_sensing(database, runtime_version_constraint=">=99")

    with pytest.raises(Conflict, match="needs"):
        await sensing.start(await sensing.order())

    row = await sensing.process()
    assert row.state == SensorState.WAITING
    assert ">=99" in row.last_error


async def test_a_workflow_that_is_lost_is_looked_for(sensing: Sensing) -> None:
    await sensing.running()
    assert not await wants_a_look(sensing)

    await sensing.pass_time(21)

    assert await wants_a_look(sensing)


async def test_the_launch_has_what_the_sensor_needs(database: Database) -> None:
    ref = "watch.disk"
    secret = {"type": "string", "secret": True}
    sealed = seal(
        ENCRYPTION, {"password"}, {"password": "hunter2"}, place=sensor_place(ref)
    )
    async with database.transaction() as tx:
        pack = await make_pack(tx, ref="watch", config={"host": "here"})
    sensing = await make_sensing(
        database,
        pack,
        ref=ref,
        param_schema={"password": secret, "depth": {"type": "integer", "default": 3}},
        config=sealed,
    )
    await _give_secret_params(database, sensing)

    launch = await sensing.start(await sensing.order())

    assert launch.config == {"password": "hunter2", "depth": 3, "host": "here"}
    assert sorted(launch.secrets) == ["hunter2", "s3cret"]
    [rule] = launch.rules
    assert rule["config"] == rule["trigger_params"] == {"token": "s3cret"}
    assert (rule["id"], rule["ref"]) == (sensing.rule.id, sensing.rule.ref)
    assert rule["trigger_ref"] == sensing.trigger.ref


async def test_a_token_emits_its_triggers_and_reads_their_rules(
    sensing: Sensing, database: Database
) -> None:
    launch = await sensing.start(await sensing.order())

    caller = await AccessService(database, TOKENS).identify(launch.token.token)

    assert caller.trigger_refs == {sensing.trigger.ref}
    assert {(g.resource, *g.actions) for g in caller.grants} == {
        (Resource.EVENTS, Action.CREATE),
        (Resource.TRIGGERS, Action.READ),
        (Resource.RULES, Action.READ),
    }
    renewed = await sensing.runs.renew(sensing.sensor.ref, launch.generation)
    assert renewed.expires_at - launch.token.expires_at < timedelta(seconds=60)


async def _give_secret_params(database: Database, sensing: Sensing) -> None:
    place = trigger_place(sensing.rule.ref)
    params = seal(ENCRYPTION, {"token"}, {"token": "s3cret"}, place=place)
    async with database.transaction() as tx:
        trigger = await tx.triggers.lock(sensing.trigger.id)
        trigger.param_schema = {"token": {"type": "string", "secret": True}}
        rule = await tx.rules.lock(sensing.rule.id)
        rule.trigger_params = params


async def _events(database: Database, trigger_ref: str) -> list[Any]:
    async with database.transaction() as tx:
        found = await tx.events.page(
            PageRequest(), EventFilter(trigger_ref=trigger_ref)
        )
        return [await tx.events.get(row.id) for row in found.items]
