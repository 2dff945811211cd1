"""What one step of a workflow reads: states, results, items, configuration."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from attune.db.database import Transaction
from attune.db.repositories.workflow_rows import LockedWorkflow
from attune.domain.execution import ExecutionStatus
from attune.domain.json import Json, JsonObject
from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_event import Due, Ended, Event, Facts, Over
from attune.domain.workflow_needs import Needs
from attune.domain.workflow_result import look_through
from attune.domain.workflow_state import FanOut, TaskState, WorkflowState
from attune.services.workflow.remembered import KnownTasks
from attune.services.workflow.secret import WorkflowSecrets


@dataclass
class StateLoader:
    """The rows of one workflow's state, each read once in a transaction."""

    tx: Transaction
    run: LockedWorkflow
    state_id: int
    workflow: Workflow
    state: WorkflowState
    secrets: WorkflowSecrets
    max_task_runs: int
    known: KnownTasks | None = None
    """What was saved last, if it is still what is there."""
    ahead: int = 0
    """How many more events wait to be fed, most of them about the same items."""
    _values: dict[tuple[str, int], dict[int, Json]] = field(default_factory=dict)
    _loaded: dict[str, JsonObject] = field(default_factory=dict)
    _items_of: dict[str, int | None] = field(default_factory=dict)
    _fan_outs: dict[tuple[str, int], JsonObject] = field(default_factory=dict)
    _config: tuple[JsonObject, JsonObject] | None = None

    async def load_states(self, names: Iterable[str]) -> None:
        """Have these tasks' states at hand."""
        missing = [name for name in names if name not in self._loaded]
        if not missing:
            return
        rows = await self._rows(missing)
        for name in missing:
            row = dict(rows.get(name, {}))
            self._items_of[name] = row.pop("items_of", None)
            self.state.tasks[name] = TaskState(**row)
            self._loaded[name] = _task_row(self.state.tasks[name])

    async def _rows(self, names: list[str]) -> dict[str, dict[str, Any]]:
        known = self.known
        if known is None:
            return await self.tx.workflow_states.tasks(self.state_id, names)
        asked = [name for name in names if name not in known.rows]
        if not asked or known.is_complete:
            return known.rows
        found = await self.tx.workflow_states.tasks(self.state_id, asked)
        return {**known.rows, **found}

    async def load_fan_out(self, event: Event) -> FanOut | None:
        """Have the fan-out of an event about an item at hand."""
        if not isinstance(event, Ended | Due | Over):
            return None
        task = self.workflow.tasks.get(event.task)
        if task is None or task.with_items is None:
            return None
        key = (event.task, event.run)
        if key not in self.state.fan_outs:
            row = await self.tx.workflow_states.fan_out(self.state_id, *key)
            if row is None:
                return None
            self.state.fan_outs[key] = FanOut(**row)
            self._fan_outs[key] = dict(row)
        return self.state.fan_outs[key]

    async def facts(self, event: Event | None, wanted: Needs) -> Facts:
        """Read what the step needs; every result is looked through."""
        await self.load_states(wanted.states | wanted.results)
        config, marked_config = await self._configuration(wanted)
        return Facts(
            parameters=self.run.config,
            marked_parameters=self.secrets.parameters(),
            config=config,
            marked_config=marked_config,
            keystore=self.secrets.keystore(wanted.keystore),
            system=self._system(),
            results={name: await self._result_of(name) for name in wanted.results},
            items=await self._items(event, wanted),
            max_task_runs=self.max_task_runs,
            **await self._own(event, wanted),
        )

    def known_after(self, version: int, *, is_new: bool) -> KnownTasks:
        """Return what is known of tasks, for once this step is committed."""
        rows = self.known.rows if self.known else {}
        for name, task in self.state.tasks.items():
            rows[name] = {**_task_row(task), "items_of": self._place(name, task)}
        is_complete = is_new or (self.known is not None and self.known.is_complete)
        return KnownTasks(version, rows, is_complete)

    def changed_tasks(self) -> list[dict[str, Any]]:
        """Return the rows of the tasks that are not as they were read."""
        rows = []
        for name, task in self.state.tasks.items():
            row = _task_row(task)
            if row != self._loaded.get(name):
                rows.append({**row, "name": name, "items_of": self._place(name, task)})
        return rows

    def changed_fan_outs(self) -> list[dict[str, Any]]:
        """Return the rows of the runs over lists that are not as they were read."""
        rows = []
        for key, fan_out in self.state.fan_outs.items():
            row = _fan_out_row(fan_out)
            if row != self._fan_outs.get(key):
                rows.append({**row, "task": key[0], "run": key[1]})
        return rows

    def _place(self, name: str, task: TaskState) -> int | None:
        """Return where the items of the task's last ended run are kept."""
        if self.workflow.tasks[name].with_items is None or task.ended_run is None:
            return None
        before = self._loaded.get(name, {})
        if before.get("ended_run") == task.ended_run:
            return self._items_of.get(name)
        return self.state_id

    def _system(self) -> JsonObject:
        begun = self.run.started_at or self.run.read_at
        return {
            "workflow_start": begun.isoformat(),
            "execution_id": self.run.id,
            "workflow_ref": self.run.action_ref,
        }

    async def _configuration(
        self, wanted: Needs
    ) -> tuple[JsonObject, JsonObject | None]:
        if not wanted.config:
            return {}, None
        if self._config is None:
            layers = await self.tx.packs.config_layers(
                self.run.pack_ref, self.run.executor
            )
            self._config = self.secrets.config(layers)
        return self._config

    async def _result_of(self, name: str) -> Json:
        task = self.state.tasks[name]
        if task.execution_id is not None:
            found = await self.tx.workflow_runs.results([task.execution_id])
            return look_through(found.get(task.execution_id))
        place = self._place(name, task)
        if place is None or task.ended_run is None:
            return None
        return await self._item_results(place, name, task.ended_run)

    async def _item_results(self, place: int, name: str, run: int) -> list[Json]:
        found = await self.tx.workflow_states.item_results(place, name, run)
        return [None if each is None else look_through(each) for each in found]

    async def _items(self, event: Event | None, wanted: Needs) -> dict[int, Json]:
        """Return the values of items, with those that the next events will ask for."""
        if not wanted.items or not isinstance(event, Ended | Due | Over):
            return {}
        place = (event.task, event.run)
        known = self._values.setdefault(place, {})
        if not known.keys() >= wanted.items:
            last = max(wanted.items)
            indices = {*wanted.items, *range(last, last + self.ahead + 1)}
            known |= await self.tx.workflow_states.items(self.state_id, *place, indices)
        return known

    async def _own(self, event: Event | None, wanted: Needs) -> dict[str, Any]:
        """Return what the event itself is about."""
        if isinstance(event, Over):
            return await self._own_items(event, wanted)
        if not isinstance(event, Ended):
            return {}
        has_failed = event.status is not ExecutionStatus.COMPLETED
        if not wanted.own_result and not has_failed:
            return {}
        found = await self.tx.workflow_runs.results([event.execution_id])
        result = found.get(event.execution_id) or {}
        timed_out = event.status is ExecutionStatus.TIMEOUT
        return {
            "own_result": look_through(result),
            "own_error": str(result.get("error") or event.status)
            if has_failed
            else None,
            "own_timed_out": timed_out or result.get("timed_out") is True,
        }

    async def _own_items(self, event: Over, wanted: Needs) -> dict[str, Any]:
        own: dict[str, Any] = {}
        fan_out = self.state.fan_outs.get((event.task, event.run))
        if fan_out is None:
            return own
        place = (self.state_id, event.task, event.run)
        if wanted.item_results:
            own["item_results"] = await self._item_results(*place)
        if fan_out.failed:
            error, timed_out = await self.tx.workflow_states.item_failure(*place)
            own |= {"own_error": error, "own_timed_out": timed_out}
        return own


def _task_row(task: TaskState) -> JsonObject:
    return {
        "runs": task.runs,
        "live": task.live,
        "waiting": task.waiting,
        "arrivals": dict(task.arrivals),
        "fired": task.fired,
        "status": task.status,
        "execution_id": task.execution_id,
        "ended_run": task.ended_run,
    }


def _fan_out_row(fan_out: FanOut) -> JsonObject:
    return {
        "total": fan_out.total,
        "next_index": fan_out.next_index,
        "live": fan_out.live,
        "ended": fan_out.ended,
        "failed": fan_out.failed,
        "concurrency": fan_out.concurrency,
        "batch_size": fan_out.batch_size,
    }
