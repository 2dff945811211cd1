"""How far a running workflow has come; the service keeps it between two steps.

All fields are plain JSON. A step reads and changes the header, the fan-out of its event
and the task states that `needs` names; it never looks at all tasks.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Final, TypeAlias

from attune.domain.json import JsonObject

SKIPPED: Final = "skipped"
"""The status of a task whose own `when` did not hold; no execution has it."""
MAX_FAILURES: Final = 20


Failure: TypeAlias = dict[str, str]
"""A `task` that failed, which no transition handled, and the `error`."""


@dataclass(slots=True)
class TaskState:
    """What has become of one task so far."""

    runs: int = 0
    """How often it was started; the number of its newest run."""
    live: int = 0
    """Runs that have not ended, delayed ones included."""
    waiting: int = 0
    """Starts of a task with nested tasks that wait until its present run ends."""
    arrivals: dict[str, int] = field(default_factory=dict)
    """How often each predecessor of a join has arrived."""
    fired: int = 0
    """How often the join has let the task start."""
    status: str | None = None
    """How its last run ended: an ExecutionStatus, or `skipped`."""
    execution_id: int | None = None
    """The execution that ended last; None after a run over items or nested tasks."""
    ended_run: int | None = None


@dataclass(slots=True)
class FanOut:
    """One run of a task over the elements of a list."""

    total: int
    concurrency: int
    batch_size: int | None = None
    next_index: int = 0
    live: int = 0
    ended: int = 0
    failed: int = 0

    @property
    def is_over(self) -> bool:
        """Tell whether every item that was to run has ended."""
        return self.live == 0 and self.next_index == self.total

    def next_items(self, freed: int = 0) -> range:
        """Return the items that may start now, or once `freed` more have ended.

        A batch starts when the one before it has ended altogether.
        """
        live, last = self.live - freed, self.total
        if self.batch_size:
            is_within = self.next_index % self.batch_size
            if not is_within and live:
                return range(0)
            last = self.next_index - is_within + self.batch_size
        last = min(last, self.total, self.next_index + max(self.concurrency - live, 0))
        return range(self.next_index, last)


@dataclass(slots=True)
class ScopeState:
    """A run of a task with nested tasks: what lives within it and what failed."""

    run: int = 1
    live: int = 0
    failures: list[Failure] = field(default_factory=list)
    failure_count: int = 0


@dataclass(slots=True)
class WorkflowState:
    """The header of a running workflow, with what was loaded beside it."""

    variables: JsonObject = field(default_factory=dict)
    tasks: dict[str, TaskState] = field(default_factory=dict)
    """Those that were loaded; a task without a row has the initial state."""
    fan_outs: dict[tuple[str, int], FanOut] = field(default_factory=dict)
    """Those that were loaded, by task and run."""
    live: int = 0
    """Runs of all tasks that have not ended, nested and delayed ones included."""
    scopes: dict[str, ScopeState] = field(default_factory=dict)
    """The tasks with nested tasks that run now."""
    failures: list[Failure] = field(default_factory=list)
    """The first of what nothing handled, outside of nested tasks."""
    failure_count: int = 0
    error: str | None = None
    """Why the workflow fails whatever its tasks do; nothing starts any more."""
    stopping: bool = False
    """It was cancelled, or has an error: what runs may end, nothing starts."""

    def task(self, name: str) -> TaskState:
        """Return the state of a task, the initial one if there was none."""
        return self.tasks.setdefault(name, TaskState())

    def to_json(self) -> JsonObject:
        """Return the header, without the variables, the tasks and the fan-outs."""
        header: JsonObject = {
            "live": self.live,
            "scopes": {name: asdict(scope) for name, scope in self.scopes.items()},
            "failures": [{**failure} for failure in self.failures],
            "failure_count": self.failure_count,
            "error": self.error,
            "stopping": self.stopping,
        }
        return header

    @classmethod
    def from_json(
        cls, header: dict[str, Any], variables: JsonObject
    ) -> "WorkflowState":
        """Read what `to_json` wrote; an empty header is a workflow not yet begun."""
        fields = {**header}
        scopes = {
            name: ScopeState(**scope)
            for name, scope in fields.pop("scopes", {}).items()
        }
        return cls(variables=variables, scopes=scopes, **fields)
