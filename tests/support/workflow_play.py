"""Plays a workflow without a server: a service in memory that loads what is needed.

What a step was not given it must not miss: states and results are those that `needs`
names and no others, and everything is written as JSON and read back between two steps.
"""

import json
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from attune.domain.execution import ExecutionStatus
from attune.domain.json import Json, JsonObject
from attune.domain.reference import References
from attune.domain.workflow import conclude, step
from attune.domain.workflow_definition import Workflow, compile_workflow
from attune.domain.workflow_event import (
    Begin,
    Conclude,
    Conclusion,
    DropTimers,
    Due,
    Ended,
    Event,
    Expand,
    Facts,
    Feed,
    Order,
    Over,
    Run,
    Stop,
    Wait,
)
from attune.domain.workflow_needs import Needs, conclusion_needs, needs
from attune.domain.workflow_restart import restart
from attune.domain.workflow_result import look_through
from attune.domain.workflow_state import FanOut, TaskState, WorkflowState

COMPLETED, FAILED = ExecutionStatus.COMPLETED, ExecutionStatus.FAILED


@dataclass
class Child:
    """An execution that a Run made."""

    id: int
    run: Run
    status: ExecutionStatus | None = None
    result: Json = None

    @property
    def first(self) -> int:
        return self.run.first_execution_id or self.id


Answer = ExecutionStatus | Json | tuple[ExecutionStatus, Json]
"""How an execution ends: its status, its result, or both."""


@dataclass
class Play:
    """One workflow execution; `answer` says how each of its executions ends."""

    workflow: Workflow
    answer: Callable[[Run], Answer] = lambda _: COMPLETED
    parameters: JsonObject = field(default_factory=dict)
    marked_parameters: JsonObject | None = None
    config: JsonObject = field(default_factory=dict)
    max_task_runs: int = 10_000
    is_quick: bool = False
    """Do not write the state as JSON after every step."""
    loads_everything: bool = False
    """Give the steps more than they need, which must not change what they do."""

    header: JsonObject = field(default_factory=dict)
    variables: JsonObject = field(default_factory=dict)
    tasks: dict[str, TaskState] = field(default_factory=dict)
    fan_outs: dict[tuple[str, int], FanOut] = field(default_factory=dict)
    values: dict[tuple[str, int], list[Json]] = field(default_factory=dict)
    items: dict[tuple[str, int, int], Child] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)
    open: deque[Child] = field(default_factory=deque)
    waits: list[Wait] = field(default_factory=list)
    all_waits: list[Wait] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    conclusions: list[Conclusion] = field(default_factory=list)
    references: References = field(default_factory=lambda: References("nonce"))
    _state: WorkflowState | None = None

    @property
    def conclusion(self) -> Conclusion:
        """How it ended; there must be one end and no more."""
        assert len(self.conclusions) == 1
        return self.conclusions[0]

    @property
    def state(self) -> WorkflowState:
        """The state as it is kept, with all that belongs to it."""
        if self._state is None:
            self._state = WorkflowState.from_json(self.header, self.variables)
        return self._state

    @property
    def ran(self) -> list[str]:
        """The tasks of all executions, in their order."""
        return [child.run.task for child in self.children]

    def runs_of(self, task: str) -> list[Run]:
        """The orders for executions of one task."""
        return [child.run for child in self.children if child.run.task == task]

    def play(self, *events: Event) -> "Play":
        """Feed the events, then let everything end, until nothing is open."""
        for event in events or (Begin(),):
            self.feed(event)
        return self.play_on()

    def play_on(self) -> "Play":
        """Let everything end that is open, and what follows from it."""
        while self.open or self.waits:
            if self.open:
                self.end(self.open[0])
            else:
                self.due(min(self.waits, key=lambda wait: wait.seconds))
        return self

    def stop(self) -> None:
        """Cancel it."""
        self.feed(Stop())

    def restarted(self, from_tasks: Collection[str] = ()) -> "Play":
        """Return a new execution that goes on from this one, already begun."""
        state, event = restart(self.workflow, self.tasks, self.state, from_tasks)
        again = replace(
            self,
            header=state.to_json(),
            variables=state.variables,
            tasks=state.tasks,
            fan_outs={},
            open=deque(),
            children=list(self.children),
            waits=[],
            all_waits=[],
            orders=[],
            conclusions=[],
            _state=None,
        )
        again.feed(event)
        return again

    def child(self, task: str, index: int = -1) -> Child:
        """An execution of a task that has not ended, the newest one."""
        return [each for each in self.open if each.run.task == task][index]

    def end(self, child: Child, answer: Answer | None = None) -> None:
        """Let an execution end."""
        self.open.remove(child)
        given = self.answer(child.run) if answer is None else answer
        child.status, child.result = _ending(given)
        if child.run.problem is not None:
            child.status = FAILED
            child.result = {"succeeded": False, "error": child.run.problem}
        if child.run.item is not None:
            self.items[child.run.task, child.run.run, child.run.item] = child
        self.feed(
            Ended(
                task=child.run.task,
                run=child.run.run,
                item=child.run.item,
                retry_count=child.run.retry_count,
                execution_id=child.id,
                first_execution_id=child.first,
                status=child.status,
                triggered_by=child.run.triggered_by,
            )
        )

    def due(self, wait: Wait) -> None:
        """Let the time of a start or of an attempt come."""
        self.waits.remove(wait)
        fields = asdict(wait)
        del fields["seconds"]
        self.feed(Due(**fields))

    def feed(self, event: Event) -> None:
        """Feed one event and those that follow from it."""
        events: deque[Event] = deque([event])
        is_over = False
        while events:
            orders = self.step(events.popleft())
            events.extend(each.event for each in orders if isinstance(each, Feed))
            is_over = is_over or any(isinstance(each, Conclude) for each in orders)
            for order in orders:
                self._obey(order, events)
        if is_over:
            wanted = conclusion_needs(self.workflow)
            state = self._load(wanted)
            self.conclusions.append(
                conclude(self.workflow, state, self._facts(wanted, None))
            )

    def step(self, event: Event) -> list[Order]:
        """Feed one event with what it needs, and nothing else."""
        key = (getattr(event, "task", ""), getattr(event, "run", 0))
        fan_out = self.fan_outs.get(key)
        wanted = needs(self.workflow, event, fan_out)
        if self.loads_everything:
            wanted = self._everything(event)
        state = self._load(wanted)
        if fan_out is not None:
            state.fan_outs[key] = fan_out
        orders = step(self.workflow, state, event, self._facts(wanted, event))
        assert state.tasks.keys() <= wanted.states, "a state was not asked for"
        self._save(state)
        self.orders += orders
        return orders

    def _everything(self, event: Event) -> Needs:
        tasks = self.workflow.tasks
        key = (getattr(event, "task", ""), getattr(event, "run", 0))
        return Needs(
            states=frozenset(tasks),
            results=frozenset(name for name in tasks if not tasks[name].is_scope),
            own_result=True,
            item_results=True,
            items=frozenset(range(len(self.values.get(key, ())))),
            config=True,
        )

    def _load(self, wanted: Needs) -> WorkflowState:
        state = self.state
        assert wanted.results <= wanted.states
        state.tasks = {
            name: self.tasks[name] for name in wanted.states if name in self.tasks
        }
        state.fan_outs = {}
        return state

    def _save(self, state: WorkflowState) -> None:
        self.tasks.update(state.tasks)
        self.fan_outs.update(state.fan_outs)
        if not self.is_quick:
            self.header = _rewritten(state.to_json())
            self.variables = _rewritten(state.variables)
            self.tasks.update(
                {n: TaskState(**_rewritten(asdict(t))) for n, t in state.tasks.items()}
            )
            self.fan_outs.update(
                {k: FanOut(**_rewritten(asdict(f))) for k, f in state.fan_outs.items()}
            )
            self._state = None

    def _facts(self, wanted: Needs, event: Event | None) -> Facts:
        own = (
            self.children[event.execution_id - 1] if isinstance(event, Ended) else None
        )
        facts: dict[str, Any] = {}
        if own is not None:
            facts["own_result"] = (
                look_through(own.result) if wanted.own_result else None
            )
            facts["own_error"] = _error_of(own.result)
            said = own.result if isinstance(own.result, dict) else {}
            facts["own_timed_out"] = said.get("timed_out") is True
        if isinstance(event, Over):
            facts |= self._facts_of_items(wanted, event.task, event.run)
        values = self.values.get((getattr(event, "task", ""), getattr(event, "run", 0)))
        return Facts(
            parameters=self.parameters,
            marked_parameters=self.marked_parameters,
            config=self.config if wanted.config else {},
            keystore=self.references.keystore(wanted.keystore, {}),
            system={"workflow_start": "2026", "execution_id": 1, "workflow_ref": "a.b"},
            results={name: self.result(name) for name in wanted.results},
            items={at: values[at] for at in wanted.items} if values else {},
            max_task_runs=self.max_task_runs,
            **facts,
        )

    def _facts_of_items(self, wanted: Needs, task: str, run: int) -> dict[str, Any]:
        ended = self._items_of(task, run)
        failed = [each for each in ended if each.status is not COMPLETED]
        errors = [error for each in failed if (error := _error_of(each.result))]
        return {
            "item_results": _results(ended) if wanted.item_results else [],
            "own_error": errors[0] if errors else None,
            "own_timed_out": bool(failed)
            and all(each.status is ExecutionStatus.TIMEOUT for each in failed),
        }

    def _items_of(self, task: str, run: int) -> list[Child]:
        found = [key for key in self.items if key[:2] == (task, run)]
        return [self.items[key] for key in sorted(found)]

    def result(self, name: str) -> Json:
        """The result of a task's last ended run."""
        state = self.tasks.get(name, TaskState())
        if state.execution_id is not None:
            return look_through(self.children[state.execution_id - 1].result)
        if self.workflow.tasks[name].has_items and state.ended_run is not None:
            return _results(self._items_of(name, state.ended_run))
        return None

    def _obey(self, order: Order, events: deque[Event]) -> None:
        if isinstance(order, Run):
            child = Child(len(self.children) + 1, order)
            self.children.append(child)
            self.open.append(child)
        elif isinstance(order, Expand):
            self.values[order.task, order.run] = order.values
        elif isinstance(order, Wait):
            self.waits.append(order)
            self.all_waits.append(order)
        elif isinstance(order, DropTimers):
            for wait in self.waits:
                fields = asdict(wait)
                del fields["seconds"]
                events.append(Due(**fields))
            self.waits = []


def _error_of(result: Json) -> str | None:
    error = result.get("error") if isinstance(result, dict) else None
    return error if isinstance(error, str) else None


def _results(children: list[Child]) -> list[Json]:
    return [
        look_through(each.result) if each.status is COMPLETED else None
        for each in children
    ]


def _ending(answer: Answer) -> tuple[ExecutionStatus, Json]:
    if isinstance(answer, tuple):
        return answer
    if isinstance(answer, ExecutionStatus):
        return answer, {"succeeded": answer is COMPLETED}
    return COMPLETED, answer


def _rewritten(value: Any) -> Any:
    return json.loads(json.dumps(value))


def play(definition: Any, **more: Any) -> Play:
    """Play a whole workflow from its beginning to its end."""
    return Play(compile_workflow(definition), **more).play()


def answers(**by_task: Answer) -> Callable[[Run], Answer]:
    """Answer by the name of the task; what is not named completes."""
    return lambda run: by_task.get(run.task, COMPLETED)
