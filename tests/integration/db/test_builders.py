"""Builders make rows that the database accepts and completes."""

from attune.db.database import Transaction
from attune.domain.execution import ExecutionStatus
from tests.support import builders


async def test_everything_has_a_builder_that_works(tx: Transaction) -> None:
    rule = await builders.make_rule(tx)
    enforcement = await builders.make_enforcement(tx, rule)
    execution = await builders.make_execution(tx, enforcement_id=enforcement.id)
    identity = await builders.make_identity(tx)
    await builders.make_permission_set(tx, identity)
    await builders.make_policy(tx)
    await builders.make_key(tx)
    await builders.make_event(tx)
    await builders.make_sensor(tx)
    await builders.make_worker(tx)
    await builders.make_inquiry(tx, execution)

    assert execution.status is ExecutionStatus.REQUESTED
    assert execution.rule_ref == rule.ref
    assert execution.action_ref == execution.definition["action"]["ref"]
