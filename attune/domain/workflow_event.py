"""What can happen to a running workflow, and what it then orders."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from attune.domain.execution import ExecutionStatus
from attune.domain.json import Json, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """The workflow begins; with a scope, the tasks nested in that task do."""

    scope: str | None = None
    run: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An execution that a Run ordered has ended, or could not be made."""

    task: str
    run: int
    item: int | None = None
    retry_count: int = 0
    execution_id: int
    first_execution_id: int
    """The first attempt; the execution itself if it is that."""
    status: ExecutionStatus
    triggered_by: str | None = None
    """As the Run had it, so that a retry and the next item have it too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The time of a delayed start or of a retry has come."""

    task: str
    run: int
    item: int | None = None
    retry_count: int = 0
    first_execution_id: int | None = None
    triggered_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """A run without an execution of its own is over; only a Feed brings this."""

    task: str
    run: int
    status: str | None = None
    """None where the items or the nested tasks decide."""
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The workflow is cancelled: what runs may end, nothing starts any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """The tasks that `restart` prepared start again."""

    tasks: tuple[str, ...]


Event: TypeAlias = Begin | Ended | Due | Over | Stop | Restart


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Make an execution; its end comes back as Ended."""

    task: str
    run: int
    item: int | None = None
    item_total: int | None = None
    batch: int | None = None
    retry_count: int = 0
    max_retries: int = 0
    first_execution_id: int | None = None
    """None on a first attempt."""
    action_ref: str
    parameters: JsonObject | None = None
    """With marker strings in the places of secrets; None: those of the workflow."""
    timeout_seconds: int | None = None
    triggered_by: str | None = None
    """The task whose end led here, or the task that this one is nested in."""
    problem: str | None = None
    """Why it cannot run: write an execution that failed with it, then feed its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expand:
    """Keep the elements that this run goes over; the first Runs come along."""

    task: str
    run: int
    values: list[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Feed a Due with the same fields when so many seconds have passed."""

    task: str
    run: int
    item: int | None = None
    retry_count: int = 0
    first_execution_id: int | None = None
    seconds: float
    triggered_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Feed this event next, in the same transaction, with what it needs loaded."""

    event: Begin | Over


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTimers:
    """Nothing starts any more: feed the Due of every open Wait now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclude:
    """Nothing lives any more: load `conclusion_needs` and call `conclude`."""


Order: TypeAlias = Run | Expand | Wait | Feed | DropTimers | Conclude


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the service has loaded for one step."""

    parameters: JsonObject = field(default_factory=dict)
    """Of the workflow's execution, with `***` in the places of secrets."""
    marked_parameters: JsonObject | None = None
    """The same with marker strings in these places; None if there are none."""
    config: JsonObject = field(default_factory=dict)
    """Of the workflow's pack, with `***` in the places of secrets."""
    marked_config: JsonObject | None = None
    keystore: JsonObject = field(default_factory=dict)
    """Marker strings by refs of keys: what `References.keystore` makes of the paths."""
    system: JsonObject = field(default_factory=dict)
    """`workflow_start`, `execution_id`, `workflow_ref`."""
    results: Mapping[str, Json] = field(default_factory=dict)
    """By task, looked through; of a task with `with_items` the list of its items'."""
    own_result: Json = None
    """Of the execution that ended, looked through."""
    own_error: str | None = None
    """Why the execution failed; after a run over items, why the first of them did."""
    own_timed_out: bool = False
    """Its result says so; after a run over items, all that failed timed out."""
    item_results: list[Json] = field(default_factory=list)
    """Of the run over items that is over, in order; null for those that failed."""
    items: Mapping[int, Json] = field(default_factory=dict)
    """The values of the items that the step may start."""
    max_task_runs: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """How the workflow's own execution ends."""

    status: ExecutionStatus
    result: JsonObject
    error: str | None = None
