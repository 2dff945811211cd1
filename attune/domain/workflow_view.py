"""What the templates of a workflow see: names, and the functions of a transition."""

from collections import ChainMap
from dataclasses import dataclass
from typing import Final

from attune.domain.execution import ExecutionStatus
from attune.domain.json import Json, JsonObject
from attune.domain.keystore import KEYSTORE, keystore_of
from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_event import Facts
from attune.domain.workflow_needs import TASK_NAMES
from attune.domain.workflow_state import SKIPPED, WorkflowState
from attune.domain.workflow_template import Functions, Names, Reads

VARIABLE_NAMES: Final = frozenset({"workflow", "vars", "variables"})
ITEM_NAMES: Final = frozenset({"item", "index"})
FIXED_NAMES: Final = (
    TASK_NAMES
    | VARIABLE_NAMES
    | ITEM_NAMES
    | {"parameters", "config", KEYSTORE, "system"}
)
_SUCCESSES: Final = frozenset({ExecutionStatus.COMPLETED, SKIPPED})


@dataclass(frozen=True, slots=True)
class Item:
    """An element that a task goes over."""

    index: int
    value: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an execution or a run of a task ended."""

    status: str
    result: Json = None
    error: str | None = None
    timed_out: bool = False

    @property
    def succeeded(self) -> bool:
        """Tell whether it completed, or was skipped."""
        return self.status in _SUCCESSES

    @property
    def functions(self) -> Functions:
        """Return what transitions ask it with."""
        return {
            "result": lambda: self.result,
            "succeeded": lambda: self.succeeded,
            "failed": lambda: not self.succeeded,
            "timed_out": lambda: self.timed_out,
        }


class View:
    """One step's sight of the workflow; secrets are markers in inputs, `***` else."""

    def __init__(self, workflow: Workflow, state: WorkflowState, facts: Facts) -> None:
        self._workflow = workflow
        self._state = state
        self._facts = facts
        self._results: dict[str, Json] = dict(facts.results)

    def note_result(self, task: str, result: Json) -> None:
        """Have the result of a run that ends in this step at hand."""
        self._results[task] = result

    def names(
        self, reads: Reads, item: Item | None = None, *, in_input: bool = False
    ) -> Names:
        """Return the names that a template sees; other ones are variables."""
        facts = self._facts
        parameters, config = facts.parameters, facts.config
        fixed: dict[str, Json] = {"system": facts.system}
        if in_input:
            parameters = facts.marked_parameters or parameters
            config = facts.marked_config or config
            fixed[KEYSTORE] = _keystore(facts.keystore, reads)
        fixed |= {"parameters": parameters, "config": config}
        for path in reads.paths:
            if path[0] in VARIABLE_NAMES:
                # A copy: what is published must not come to hold itself.
                fixed[path[0]] = dict(self._state.variables)
        if item is not None:
            fixed |= {"item": item.value, "index": item.index}
        return ChainMap(fixed, self._tasks(reads), self._state.variables)

    def _tasks(self, reads: Reads) -> JsonObject:
        read = [path for path in reads.paths if path[0] in TASK_NAMES]
        if not read:
            return {}
        names = {path[1] for path in read if len(path) > 1}
        if any(len(path) == 1 for path in read):
            names = set(self._workflow.tasks)
        tasks: JsonObject = {
            name: self._task(name)
            for name in sorted(names & self._workflow.tasks.keys())
        }
        return dict.fromkeys(TASK_NAMES, tasks)

    def _task(self, name: str) -> JsonObject:
        return {"status": self._status(name), "result": self.result(name)}

    def _status(self, name: str) -> str | None:
        state = self._state.tasks.get(name)
        return state.status if state else None

    def result(self, name: str) -> Json:
        """Return the result of the last run that ended, looked through."""
        task = self._workflow.tasks[name]
        if not task.is_scope:
            has_result = self._status(name) not in (None, SKIPPED)
            return self._results.get(name) if has_result else None
        if self._status(name) == SKIPPED:
            return None
        return {each: self.result(each) for each in task.nested}


def _keystore(markers: JsonObject, reads: Reads) -> JsonObject:
    paths = (path[1:] for path in reads.paths if path[0] == KEYSTORE)
    return keystore_of(markers, paths)
