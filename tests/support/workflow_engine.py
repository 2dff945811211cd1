"""The engine of workflows without processes: real database, real Temporal, fake actions.

For long runs, where a process for each task would say nothing more.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.action import ActionActivities
from activities.execution import ExecutionActivities
from activities.workflow import WorkflowActivities
from attune.db.database import Database
from attune.db.models import Execution, WorkflowDefinition
from attune.domain.execution import ExecutionStatus
from attune.messages.execution import ActionOutcome, ActionRun
from attune.messages.names import ORCHESTRATION_QUEUE, runtime_queue
from attune.messages.workflow import WorkflowReport, WorkflowRequest
from attune.security.encryption import Encryption
from attune.services.event.intake import Intake
from attune.services.event.rulebook import Rulebook
from attune.services.execution.settle import SettleService
from attune.services.inquiry.open import OpenService
from attune.services.workflow.advance import AdvanceService
from tests.support.builders import make_action, make_execution, make_pack, make_runtime
from workflows.workflow import PackWorkflow

ENCRYPTION = Encryption("k" * 32)

_COMPLETE = text("""
    UPDATE attune.execution
    SET
        status = 'completed', started_at = now(), finished_at = now(),
        result = jsonb_build_object('succeeded', true, 'data', config)
    WHERE id = :id AND status = 'scheduled'
""")


class InstantWorker:
    """Completes each execution at once; its result says what its parameters were."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, request: ActionRun) -> ActionOutcome:
        async with self._database.transaction() as tx:
            await tx.session.execute(_COMPLETE, {"id": request.execution_id})
        return ActionOutcome(
            execution_id=request.execution_id, status=ExecutionStatus.COMPLETED
        )


@dataclass
class Engine:
    """What makes workflows and runs them."""

    database: Database
    client: Client
    queue: str

    async def request(
        self,
        tasks: Sequence[Mapping[str, Any]],
        parameters: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Execution:
        """Write a workflow whose tasks run `echo`, and an execution of it."""
        async with self.database.transaction() as tx:
            pack = await make_pack(tx)
            runtime = await make_runtime(tx, pack, ref=f"{pack.ref}.{self.queue}")
            await make_action(tx, pack, runtime, ref=f"{pack.ref}.echo")
            definition = await tx.workflow_definitions.add(
                WorkflowDefinition(
                    ref=f"{pack.ref}.flow",
                    label="Flow",
                    pack_id=pack.id,
                    version="1.0.0",
                    definition={"version": "1.0.0", "tasks": list(tasks), **more},
                )
            )
            builtin = await tx.runtimes.find_by_ref("core.builtin")
            if builtin is None:
                core = await make_pack(tx, ref="core", is_standard=True)
                builtin = await make_runtime(
                    tx, core, ref="core.builtin", execution_config={}
                )
            action = await make_action(
                tx,
                pack,
                builtin,
                ref=f"{pack.ref}.flow",
                entrypoint="",
                workflow_def_id=definition.id,
            )
            return await make_execution(
                tx, action, status="scheduled", config=dict(parameters or {})
            )

    async def run(self, execution: Execution) -> WorkflowReport:
        """Drive the execution's workflow to its end."""
        workflow_id = f"execution-{execution.id}-{self.queue}"
        async with self.database.transaction() as tx:
            row = await tx.executions.lock(execution.id)
            row.workflow_id = workflow_id
        runtime = runtime_queue(f"{execution.pack_ref}.{self.queue}")
        async with Worker(
            self.client,
            task_queue=runtime,
            activities=[ActionActivities(InstantWorker(self.database)).run_action],
        ):
            return await self.client.execute_workflow(
                PackWorkflow.run,
                WorkflowRequest(
                    execution_id=execution.id, action_ref=execution.action_ref
                ),
                id=workflow_id,
                task_queue=self.queue,
            )

    async def runs_of(self, execution: Execution) -> int:
        """Return how many runs the workflow took, each continuing the one before."""
        workflow_id = f"execution-{execution.id}-{self.queue}"
        query = f"WorkflowId = '{workflow_id}'"
        return (await self.client.count_workflows(query)).count


@asynccontextmanager
async def running_engine(
    database: Database, client: Client, queue: str = ORCHESTRATION_QUEUE
) -> AsyncIterator[Engine]:
    """Serve the workflows of packs on a queue."""
    settling = SettleService(database, Intake(Rulebook(remembers=False), ENCRYPTION))
    executions = ExecutionActivities(settling, OpenService(database))
    advancing = AdvanceService(database, ENCRYPTION, max_task_runs=100_000)
    async with Worker(
        client,
        task_queue=queue,
        workflows=[PackWorkflow],
        activities=[
            WorkflowActivities(advancing).advance,
            executions.settle,
            executions.open_inquiry,
            executions.pause,
        ],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield Engine(database, client, queue)
