"""Advance a workflow: one transaction from what happened to what is to be done next."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from attune.db.database import Database, Transaction
from attune.db.repositories.workflow_rows import AwaitedChild, LockedWorkflow
from attune.db.repositories.workflow_state import StateRow
from attune.domain.errors import InvalidInput
from attune.domain.execution import ExecutionKind, ExecutionStatus, is_terminal
from attune.domain.json import JsonObject
from attune.domain.workflow_definition import (
    CancellationPolicy,
    Workflow,
    compile_workflow,
)
from attune.domain.workflow_event import Begin, Restart, Stop
from attune.domain.workflow_state import WorkflowState
from attune.domain.workflow_weight import keeps_up, leads_to_little
from attune.messages.execution import ExecutionOrder
from attune.messages.workflow import Advance, Orders, TimerOrder
from attune.security.encryption import Encryption
from attune.services.execution.settle import cancelled_document
from attune.services.workflow.ending import end_document, end_workflow
from attune.services.workflow.loading import StateLoader
from attune.services.workflow.progress import Progress
from attune.services.workflow.remembered import Kept, KnownActions, KnownTasks
from attune.services.workflow.secret import WorkflowSecrets
from attune.services.workflow.tasks import TaskExecutions, orders_for

DEEPEST: Final = 32
"""So many workflows may be nested, each in the next."""


@dataclass(frozen=True)
class _Opened:
    """A workflow under lock, with its state."""

    run: LockedWorkflow
    row: StateRow
    workflow: Workflow
    is_new: bool


@dataclass(frozen=True)
class Step:
    """What came of one call."""

    orders: Orders
    is_own: bool = False
    """The orders follow from what was told, and nobody has been given them before."""
    known: tuple[int, KnownTasks] | None = None
    """The tasks of a workflow as they are now."""


class AdvanceService:
    """Applies what happened to workflows; each end and each timer exactly once."""

    def __init__(
        self, database: Database, encryption: Encryption, *, max_task_runs: int
    ) -> None:
        self._database = database
        self._encryption = encryption
        self._max_task_runs = max_task_runs
        self._compiled = Kept[tuple[JsonObject, Workflow]]()
        self._tasks = Kept[KnownTasks]()
        self._actions = KnownActions()

    async def advance(self, question: Advance) -> Orders:
        """Apply what happened; repeating it returns the orders that are still open."""
        async with self._database.transaction() as tx:
            step = await self.step(tx, question)
        self.remember(step)
        return step.orders

    async def step(
        self, tx: Transaction, question: Advance, *, after: Collection[str] = ()
    ) -> Step:
        """Do the same within a transaction; once that is committed, `remember` it.

        With `after`, the tasks that have ended, nothing is done unless that is little.
        """
        locked = await _lock(tx, question.execution_id)
        if locked is None:
            return Step(Orders(status=ExecutionStatus.CANCELLED))
        run, row = locked
        if is_terminal(run.status):
            return Step(Orders(status=run.status))
        try:
            opened = await self._open(tx, run, row)
        except InvalidInput as wrong:
            reasons = "; ".join([wrong.message, *wrong.problems])
            document: JsonObject = {"succeeded": False, "error": reasons}
            return Step(await end_workflow(tx, run, ExecutionStatus.FAILED, document))
        is_little = all(leads_to_little(opened.workflow, name) for name in after)
        if not is_little or _is_paused(opened):
            return Step(Orders())
        progress = self._progress(tx, opened, question)
        taken = _Advance(tx, opened, question, progress)
        orders = await taken.run()
        known = progress.loader.known_after(taken.version, is_new=opened.is_new)
        return Step(orders, is_own=not taken.must_look, known=(run.id, known))

    def remember(self, step: Step) -> None:
        """Keep in memory what a committed step has read and written."""
        if step.known is not None:
            self._tasks.keep(*step.known)

    async def _open(
        self, tx: Transaction, run: LockedWorkflow, row: StateRow | None
    ) -> _Opened:
        definition, workflow = await self._workflow(tx, run)
        is_new = row is None
        if row is None:
            await _check_depth(tx, run)
            state_id = await tx.workflow_states.prepare(run.id, definition, {}, {})
            row = StateRow(state_id, {}, {})
        if is_new or "restart" in row.state:
            await tx.workflow_states.begin(run.id)
        return _Opened(run, row, workflow, is_new)

    async def _workflow(
        self, tx: Transaction, run: LockedWorkflow
    ) -> tuple[JsonObject, Workflow]:
        """Return the workflow that the execution was pinned to when it was requested."""
        found = self._compiled.find(run.id)
        if found is None:
            pinned = await tx.workflow_runs.definition(run.id)
            if not pinned:
                raise InvalidInput(f"Action {run.action_ref} has no workflow")
            workflow = compile_workflow(pinned["definition"], run.pack_ref or "")
            found = ({"id": pinned["id"], "ref": pinned["ref"]}, workflow)
            self._compiled.keep(run.id, found)
        return found

    def _progress(
        self, tx: Transaction, opened: _Opened, question: Advance
    ) -> Progress:
        run, row, workflow = opened.run, opened.row, opened.workflow
        state = WorkflowState.from_json(row.state.get("walk", {}), dict(row.variables))
        secrets = WorkflowSecrets(run)
        known = self._tasks.find(run.id)
        is_current = known is not None and known.version == row.state.get("version")
        loader = StateLoader(
            *(tx, run, row.id, workflow, state, secrets),
            self._max_task_runs,
            known if is_current else None,
        )
        tasks = TaskExecutions(
            tx=tx,
            encryption=self._encryption,
            parent=run,
            state_id=row.id,
            workflow=workflow,
            secrets=secrets,
            actions=self._actions,
            room=question.room,
            backlog=row.state.get("backlog", 0),
        )
        return Progress(tx, run, row.id, workflow, state, loader, tasks)


@dataclass
class _Advance:
    """One call, under the workflow's lock."""

    tx: Transaction
    opened: _Opened
    question: Advance
    progress: Progress

    def __post_init__(self) -> None:
        self.version = self.opened.row.state.get("version", 0) + 1
        """Tells what is in memory from what somebody else has written since."""
        self.kept: dict[str, Any] = {
            name: value
            for name, value in self.opened.row.state.items()
            if name not in {"walk", "restart", "backlog"}
        }
        self.kept["version"] = self.version
        self.to_cancel: list[int] = []
        self.ended_count = 0
        self.must_look = self.question.look and not self.opened.is_new

    async def run(self) -> Orders:
        await self._begin()
        await self._stop_if_wanted()
        await self._note_news()
        await self.progress.work()
        runs, timers = await self._write()
        if self.progress.conclusion is not None:
            return await self._end()
        return Orders(
            run=runs,
            timers=timers,
            cancel=self.to_cancel,
            look_in_seconds=_seconds_left(self.opened.run),
            has_backlog=self.progress.tasks.backlog > 0,
        )

    async def _begin(self) -> None:
        restart = self.opened.row.state.get("restart")
        if self.opened.is_new:
            self.progress.events.append(Begin())
        elif restart is not None:
            self.progress.events.append(Restart(tasks=tuple(restart)))

    async def _stop_if_wanted(self) -> None:
        """Let nothing more start once the workflow is cancelled, or its time is over."""
        run = self.opened.run
        ending = self.kept.get("ending")
        if ending is None and run.status is ExecutionStatus.CANCELING:
            await self._stop(ExecutionStatus.CANCELLED)
        elif ending is None and _seconds_left(run) == 0:
            await self._stop(ExecutionStatus.TIMEOUT)

    async def _stop(self, ending: ExecutionStatus) -> None:
        self.kept["ending"] = ending.value
        self.progress.events.append(Stop())
        runs, run_id = self.tx.workflow_runs, self.opened.run.id
        stopped = await runs.stop_waiting(run_id, cancelled_document())
        policy = self.opened.workflow.cancellation_policy
        is_cut = policy is CancellationPolicy.CANCEL_RUNNING
        # A nested workflow starts nothing more either; what it runs is its own affair.
        stopped += await runs.stop_running(
            run_id, code_too=is_cut or ending is ExecutionStatus.TIMEOUT
        )
        for child in stopped:
            await self._tell_stopped(child)
        self.must_look = True

    async def _tell_stopped(self, child: AwaitedChild) -> None:
        if child.kind is not ExecutionKind.WORKFLOW:
            self.to_cancel.append(child.id)
        elif child.workflow_id is not None:
            await self.tx.outbox.add_cancel(child.workflow_id, child.id)

    async def _note_news(self) -> None:
        """Take note of ends and timers; one that is not found was noted before."""
        if self.opened.is_new:
            return
        run_id, state_id = self.opened.run.id, self.opened.row.id
        said, due = self.question.ended, self.question.due
        sees_all = self.must_look or self.question.glance
        ended = await self.tx.workflow_runs.note_ended(
            run_id, None if sees_all else said
        )
        self.ended_count = len(ended)
        timers = []
        if due or self.must_look:
            timers = await self.tx.workflow_states.take_due(
                state_id, None if self.must_look else due
            )
        found = {child.id for child in ended} | {-timer.id for timer in timers}
        wanted = {*said, *(-timer_id for timer_id in due)}
        self.must_look = self.must_look or bool(wanted - found)
        self.progress.note_ended(ended)
        self.progress.note_due(timers)

    async def _write(self) -> tuple[list[ExecutionOrder], list[TimerOrder]]:
        tasks = self.progress.tasks
        backlog = await self._take_backlog()
        if tasks.backlog:
            self.kept["backlog"] = tasks.backlog
        runs, timers = await self.progress.write(self.kept)
        if not self.must_look:
            return [*backlog, *runs], timers
        carried = await self.tx.workflow_runs.carried(self.opened.run.id)
        waiting = await self.tx.workflow_states.timers(self.opened.row.id)
        return orders_for(carried), [
            TimerOrder(timer_id=id_, seconds=left) for id_, left in waiting
        ]

    async def _take_backlog(self) -> list[ExecutionOrder]:
        """Give the run what waited for room, unless those who take it keep up."""
        tasks, asked = self.progress.tasks, self.question
        if not (self.must_look or tasks.backlog):
            return []
        if asked.glance and keeps_up(self.ended_count, asked.under_way):
            return []
        room, taken = max(0, tasks.room), []
        if room:
            taken = await self.tx.workflow_runs.take_backlog(self.opened.run.id, room)
            tasks.room -= len(taken)
        left = max(0, tasks.backlog - len(taken))
        # Others take from it too. What a policy holds back comes by a call of its own.
        tasks.backlog = max(left, 1) if len(taken) == room else 0
        return orders_for(taken)

    async def _end(self) -> Orders:
        conclusion = self.progress.conclusion
        if conclusion is None:
            raise ValueError("the workflow has not ended")
        ending = self.kept.get("ending")
        if ending is None:
            status, document = conclusion.status, conclusion.result
        else:
            status = ExecutionStatus(ending)
            document = end_document(status, self.opened.run.timeout_seconds)
        run = self.opened.run
        return await end_workflow(self.tx, run, status, document)


async def _lock(
    tx: Transaction, execution_id: int
) -> tuple[LockedWorkflow, StateRow | None] | None:
    """Lock a workflow with its state, or one that has not begun."""
    begun = await tx.workflow_runs.lock_with_state(execution_id)
    if begun is not None:
        return begun
    run = await tx.workflow_runs.lock(execution_id)
    if run is None:
        return None
    # Somebody else may have begun it while this one waited for the lock.
    return run, await tx.workflow_states.state_of(execution_id)


async def _check_depth(tx: Transaction, run: LockedWorkflow) -> None:
    """Refuse a workflow that contains itself, before it fills the database."""
    if run.awaited and len(await tx.executions.ancestors_of(run.id)) > DEEPEST:
        raise InvalidInput(
            f"Workflows are nested more than {DEEPEST} deep: does one contain itself?"
        )


def _is_paused(opened: _Opened) -> bool:
    if opened.run.status is ExecutionStatus.CANCELING:
        return False
    return "paused" in opened.row.state and _seconds_left(opened.run) != 0


def _seconds_left(run: LockedWorkflow) -> float | None:
    """Return what is left of the workflow's own time; None without a limit."""
    if run.timeout_seconds is None:
        return None
    begun = run.started_at or run.read_at
    spent = (run.read_at - begun).total_seconds()
    return max(0.0, run.timeout_seconds - spent)
