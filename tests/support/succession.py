"""A workflow whose tasks one worker runs, without processes: what follows an end?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import text

from attune.db.database import Database
from attune.db.models import Execution, Pack, Worker, WorkflowDefinition
from attune.domain.execution import ExecutionStatus as Status
from attune.messages.workflow import Advance, Orders
from attune.runtimes.launch import ActionLaunch
from attune.runtimes.report import AttemptEnd, AttemptRecord, AttemptStart, NextAttempt
from attune.security.encryption import Encryption
from attune.services.workflow.advance import AdvanceService
from tests.support.attempts import make_attempts
from tests.support.builders import (
    make_action,
    make_execution,
    make_pack,
    make_runtime,
    make_worker,
)

ENCRYPTION = Encryption("k" * 32)
LIMIT_SECONDS = 300

PAUSE = """
    UPDATE attune.workflow_execution SET state = state || '{"paused": {}}'
"""
CANCEL = "UPDATE attune.execution SET status = 'canceling' WHERE parent IS NULL"
CORDON = "UPDATE attune.worker SET cordoned = true"
LEAVE = "UPDATE attune.execution SET workflow_id = NULL WHERE parent IS NULL"

CHANGES = {
    "the workflow is paused": PAUSE,
    "the workflow is canceling": CANCEL,
    "the worker is cordoned": CORDON,
    "another run drives the workflow": LEAVE,
}
"""What holds back whatever would follow, as the SQL that brings it about."""

UNFIT: Mapping[str, Mapping[str, Any]] = {
    "a longer limit": {"ref": "demo.long", "timeout_seconds": LIMIT_SECONDS + 1},
    "another runtime": {"ref": "demo.foreign", "runtime": "demo.other"},
}
"""Actions that cannot run in the activity of one of `echo`, and why."""

_CHILDREN = text("""
    SELECT
        id, status, worker, attempt_id, attempt_count, activity_of, result,
        awaited AS is_awaited, workflow_task ->> 'task_name' AS task
    FROM attune.execution
    WHERE parent = :id
    ORDER BY id
""")


@dataclass
class Flow:
    """A workflow that has been requested, and the worker that runs its tasks."""

    database: Database
    execution: Execution
    pack: Pack
    worker: Worker

    def __post_init__(self) -> None:
        self.attempts = make_attempts(self.database, ENCRYPTION)
        self._orchestrator = AdvanceService(
            self.database, ENCRYPTION, max_task_runs=10_000
        )

    async def advance(self, *ended: int, room: int = 100, **more: Any) -> Orders:
        """Ask what the workflow's run has to do, as that run does."""
        question = Advance(
            execution_id=self.execution.id, ended=list(ended), room=room, **more
        )
        return await self._orchestrator.advance(question)

    async def begin(self, *, room: int = 100) -> list[int]:
        """Begin the workflow, start what was ordered, and return the ids of that."""
        orders = await self.advance(room=room, look=True)
        ids = [order.execution_id for order in orders.run]
        for execution_id in ids:
            await self.start(execution_id)
        return ids

    async def start(self, execution_id: int) -> ActionLaunch:
        """Start an execution for an activity of its own."""
        start = AttemptStart(
            attempt_id=attempt_of(execution_id), worker_id=self.worker.id
        )
        return await self.attempts.start(execution_id, start)

    async def finish(
        self,
        execution_id: int,
        *,
        status: Status = Status.COMPLETED,
        attempt_id: str | None = None,
        limit_seconds: int = LIMIT_SECONDS,
        result: dict[str, object] | None = None,
        wishes: bool = True,
    ) -> AttemptRecord:
        """End an execution, and wish for what follows it."""
        wish = NextAttempt(
            attempt_id=next_attempt(execution_id),
            worker_id=self.worker.id,
            activity_of=execution_id,
            limit_seconds=limit_seconds,
        )
        end = AttemptEnd(
            attempt_id=attempt_id or attempt_of(execution_id),
            status=status,
            result=result or {},
            next=wish if wishes else None,
        )
        return await self.attempts.finish(execution_id, end)

    async def children(self) -> list[Any]:
        """Return the executions of the tasks, the first one first."""
        async with self.database.transaction() as tx:
            found = await tx.session.execute(_CHILDREN, {"id": self.execution.id})
            return list(found)

    async def child(self, task: str) -> Any:
        """Return the one execution of a task."""
        [found] = [each for each in await self.children() if each.task == task]
        return found

    async def status(self) -> Status:
        """Return how the workflow itself stands."""
        async with self.database.transaction() as tx:
            return (await tx.executions.get(self.execution.id)).status

    async def change(self, statement: str, **values: object) -> None:
        """Change rows, as somebody else would."""
        async with self.database.transaction() as tx:
            await tx.session.execute(text(statement), values)


def attempt_of(execution_id: int) -> str:
    """Return the attempt that starts an execution in an activity of its own."""
    return f"attempt-{execution_id}"


def next_attempt(execution_id: int) -> str:
    """Return the attempt that is to run what follows an execution."""
    return f"attempt-after-{execution_id}"


def sequence(*names: str, **last: Any) -> list[dict[str, Any]]:
    """Return tasks each of which leads to the next, with more about the last one."""
    tasks: list[dict[str, Any]] = [
        {"name": name, "action": "echo", "next": [{"do": [following]}]}
        for name, following in pairwise(names)
    ]
    return [*tasks, {"name": names[-1], "action": "echo", **last}]


def over_a_list(count: int) -> list[dict[str, Any]]:
    """Return one task that is executed for each of so many elements."""
    items = {"with_items": list(range(count)), "concurrency": count}
    return [{"name": "each", "action": "echo", **items}]


async def make_flow(
    database: Database,
    tasks: Sequence[Mapping[str, Any]],
    *actions: Mapping[str, Any],
    **more: Any,
) -> Flow:
    """Write a workflow, what its tasks may run, and a worker for them.

    There are the actions `echo` and `nested`, which is a workflow, beside those given.
    """
    async with database.transaction() as tx:
        core = await make_pack(tx, ref="core", is_standard=True)
        builtin = await make_runtime(tx, core, ref="core.builtin", execution_config={})
        pack = await make_pack(tx, ref="demo")
        shell = await make_runtime(tx, pack, ref="demo.shell")
        await make_runtime(tx, pack, ref="demo.other")
        await make_action(tx, core, builtin, ref="core.ask", entrypoint="")
        for fields in ({"ref": "demo.echo"}, *actions):
            named = {**fields}
            runtime = await tx.runtimes.find_by_ref(named.pop("runtime", shell.ref))
            await make_action(tx, pack, runtime, **named)
        await make_workflow(tx, pack, builtin, "nested", sequence("inner"))
        flow = await make_workflow(tx, pack, builtin, "flow", tasks, **more)
        execution = await make_execution(
            tx, flow, status=Status.SCHEDULED, workflow_id="execution-flow"
        )
        worker = await make_worker(tx)
    return Flow(database, execution, pack, worker)


async def make_workflow(
    tx: Any,
    pack: Pack,
    builtin: Any,
    name: str,
    tasks: Sequence[Mapping[str, Any]],
    **more: Any,
) -> Any:
    """Write a workflow and the action that runs it."""
    definition = await tx.workflow_definitions.add(
        WorkflowDefinition(
            ref=f"{pack.ref}.{name}",
            pack_id=pack.id,
            version="1.0.0",
            definition={"version": "1.0.0", "tasks": list(tasks), **more},
        )
    )
    return await make_action(
        tx,
        pack,
        builtin,
        ref=f"{pack.ref}.{name}",
        entrypoint="",
        workflow_def_id=definition.id,
    )
