"""Whatever goes wrong with what follows: the end is on record, and the run has to look."""

from typing import Any, NoReturn

import pytest

from attune.db.database import Database
from attune.domain.errors import InvalidInput
from attune.domain.execution import ExecutionStatus as Status
from attune.services.workflow.advance import AdvanceService
from tests.support.succession import Flow, make_flow, over_a_list, sequence

PICKY = {"ref": "demo.picky", "runtime_version_constraint": ">=9"}
"""An action that needs a version of its runtime which the worker lacks."""


async def make_broken_flow(
    database: Database, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> tuple[Flow, int]:
    """Make a workflow whose first task runs, and break what would follow that."""
    flow = await make_flow(database, sequence("t0", "t1"))
    [first] = await flow.begin()

    async def fail(*_: Any, **__: Any) -> NoReturn:
        raise error

    monkeypatch.setattr(AdvanceService, "step", fail)
    return flow, first


async def test_a_follower_that_cannot_be_launched_fails(database: Database) -> None:
    flow = await make_flow(database, sequence("t0", "t1", action="picky"), PICKY)
    [first] = await flow.begin()

    record = await flow.finish(first)

    assert (record.status, record.next) == (Status.COMPLETED, None)
    assert record.unsure
    following = await flow.child("t1")
    assert following.status == Status.FAILED
    assert ">=9" in following.result["error"]


async def test_the_run_takes_note_of_a_follower_that_failed(
    database: Database,
) -> None:
    flow = await make_flow(database, sequence("t0", "t1", action="picky"), PICKY)
    [first] = await flow.begin()
    await flow.finish(first)

    orders = await flow.advance(first, look=True)

    assert orders.status is Status.FAILED


async def test_one_of_the_backlog_that_cannot_be_launched_fails(
    database: Database,
) -> None:
    tasks = [{"name": "t0", "action": "echo"}, {"name": "t1", "action": "picky"}]
    flow = await make_flow(database, tasks, PICKY)
    [first] = await flow.begin(room=1)

    record = await flow.finish(first)

    assert (record.status, record.next) == (Status.COMPLETED, None)
    assert record.unsure
    assert (await flow.child("t1")).status == Status.FAILED


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(RuntimeError("a bug"), id="our own mistake"),
        pytest.param(InvalidInput("a defect"), id="an error we know"),
    ],
)
async def test_the_end_is_recorded_although_the_step_fails(
    database: Database, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    flow, first = await make_broken_flow(database, monkeypatch, error)

    record = await flow.finish(first)

    assert (record.status, record.next) == (Status.COMPLETED, None)
    assert record.unsure
    assert (await flow.child("t0")).status == Status.COMPLETED


async def test_the_run_goes_on_where_the_step_failed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, first = await make_broken_flow(database, monkeypatch, RuntimeError("a bug"))
    await flow.finish(first)
    monkeypatch.undo()

    orders = await flow.advance(first, look=True)

    assert [order.task for order in orders.run] == ["t1"]


async def test_a_failure_is_logged_without_what_the_tasks_said(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    flow, first = await make_broken_flow(database, monkeypatch, RuntimeError("a bug"))

    await flow.finish(first, result={"data": "canary"})

    assert "next not found" in caplog.messages
    assert "canary" not in caplog.text


async def test_a_repeated_end_finds_what_the_failed_step_did_not(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, first = await make_broken_flow(database, monkeypatch, RuntimeError("a bug"))
    await flow.finish(first)
    monkeypatch.undo()

    record = await flow.finish(first)

    assert record.next is not None
    assert record.next.execution_id == (await flow.child("t1")).id


async def test_where_one_of_the_backlog_was_begun_no_step_is_taken(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = await make_flow(database, over_a_list(2))
    [first] = await flow.begin(room=1)

    async def fail(*_: Any, **__: Any) -> NoReturn:
        raise RuntimeError("a bug")

    monkeypatch.setattr(AdvanceService, "step", fail)

    assert (await flow.finish(first)).next is not None
